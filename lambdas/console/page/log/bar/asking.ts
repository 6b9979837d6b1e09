/** From what a reader typed, pasted or chose to the log's next question. */

import { computed, signal } from "@preact/signals";

import { instant } from "../../instants.ts";
import { MAX_VALUES, type Filter, type FilterKey, type Question, type Span, changed, withAlso } from "../../query.ts";
import { go, href } from "../../route.ts";
import { me } from "../../session.ts";
import { zone } from "../../zone.ts";
import { ask, question } from "../refine.ts";
import type { Pasted } from "./paste.ts";
import type { Parsed } from "./text.ts";

/** The values that the last step did not take, and whose they were. */
export const left = signal<{ readonly count: number; readonly key: FilterKey | undefined } | null>(null);
export const leftInWords = computed(() =>
  left.value === null ? null : `${MAX_VALUES} values at most; ${left.value.count.toLocaleString("en")} not taken`,
);

/** How often the reader has used each key in this tab. */
export const used = new Map<FilterKey, number>();

export function askAlso(parsed: Parsed): void {
  const span = Object.keys(parsed.span).length ? instants(parsed.span) : question().span;
  askWith({ ...question(), span }, parsed.filters);
}

/** In the place of one filter. */
export function askChanged(filter: Filter, parsed: Parsed): void {
  const next = changed(question(), filter, parsed.filters);
  askWith({ ...next, filters: [], span: Object.keys(parsed.span).length ? instants(parsed.span) : next.span }, next.filters);
}

/** In the place of all filters and the span. */
export function askInstead(parsed: Parsed): void {
  askWith({ ...question(), filters: [], span: instants(parsed.span) }, parsed.filters);
}

export function askPasted(found: Pasted & { readonly kind: "address" }): void {
  const { question: next, left: over } = withAlso({ ...found.question, filters: [] }, found.question.filters);
  note(over, found.question.filters);
  ask(next);
  if (found.environment === null || !me.value?.environments.includes(found.environment)) return;
  const query = new URLSearchParams(location.hash.split("?").slice(1).join("?"));
  query.set("env", found.environment);
  for (const [name, value] of found.unknown) query.append(name, value);
  go(href("log", [], query), "replace");
}

function askWith(base: Question, more: readonly Filter[]): void {
  const { question: next, left: over } = withAlso(base, more);
  for (const { key } of more) used.set(key, (used.get(key) ?? 0) + 1);
  note(over, more);
  ask(next);
}

function note(over: number, filters: readonly Filter[]): void {
  const longest = [...filters].sort((a, b) => b.values.length - a.values.length)[0];
  left.value = over ? { count: over, key: longest?.key } : null;
}

/** A time without a zone is the reader's. */
function instants(span: Span): Span {
  const { range, from, to } = span;
  return { ...(range !== undefined && { range }), ...(from !== undefined && { from: moment(from) }), ...(to !== undefined && { to: moment(to) }) };
}

function moment(text: string): string {
  const at = instant(text, zone.value);
  return at === null ? text : new Date(at).toISOString();
}
