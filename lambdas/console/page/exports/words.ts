/** What an export holds, in words: for the dialog before it is asked for, and the same in the list afterwards. */

import { filtersInWords, spanInFull } from "../log/bar/words.ts";
import { type Filter, type Question, type Span, MAX_VALUES, joined, named } from "../query.ts";
import { me } from "../session.ts";
import { offset } from "../zone.ts";

/** `actor is mike.mars, last 30 days`. `most`: filters with more values are counted; without it all are listed. */
export function questionInWords(
  question: Pick<Question, "filters" | "span">,
  zone: string,
  shown?: (value: string) => string,
  most = MAX_VALUES,
): string {
  const span = spanInFull(question.span, zone);
  return [filtersInWords(question, shown, most), question.filters.length ? lowered(span) : span].filter(Boolean).join(", ");
}

export function sortInWords(sort: string): string {
  if (sort === "-occurred_at") return "newest first";
  if (sort === "occurred_at") return "oldest first";
  return sort.startsWith("-") ? `by ${sort.slice(1)}, descending` : `by ${sort}`;
}

export function viewInWords(view: string): string {
  if (view === "native") return "with every field";
  return view === me.value?.view ? `as ${ownersOf(me.value.name ?? view)} columns` : `in the columns of ${view}`;
}

export function zoneInWords(zone: string): string {
  return zone === "UTC" ? "times in UTC" : `times in ${zone} (${offset(Date.now(), zone)})`;
}

/** The API's own words for what was asked, `name=value`, as filters and a span; of hidden texts there is only the name. */
export function readAsked(texts: readonly string[]): Pick<Question, "filters" | "span"> & { hidden: string[] } {
  const filters: Filter[] = [];
  const span: Record<string, string> = {};
  const hidden: string[] = [];
  for (const text of texts) {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    const key = named(name);
    if (at < 0) hidden.push(name);
    else if (key) filters.push({ ...key, values: text.slice(at + 1).split("|").map(known) });
    else if (name === "range" || name === "from" || name === "to") span[name] = text.slice(at + 1);
  }
  return { filters: joined(filters), span: span as Span, hidden };
}

/** The API writes `?` for a name that nobody had, since it may be somebody's all the same, and actors' types as such. */
function known(value: string): string {
  return { "?": "somebody unknown", system: "System", api: "API", operations: "Operations" }[value] ?? value;
}

/** What an export of the list was asked for: the sentence that its dialog had, but for texts that are not kept. */
export function askedInWords(texts: readonly string[], zone: string, most?: number): string {
  const { hidden, ...question } = readAsked(texts);
  const said = questionInWords(question, zone, undefined, most);
  const also = hidden.map((name) => `a filter on ${name === "q" ? "text" : name} that is not kept here`);
  return [said, ...also].join(", ");
}

const KILO = 1000;

export function bytesInWords(bytes: number): string {
  if (bytes < KILO) return `${bytes} bytes`;
  const units = ["KB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  const size = bytes / KILO ** power;
  return `${size.toLocaleString("en", { maximumFractionDigits: size < 10 ? 1 : 0 })} ${units[power - 1]}`;
}

/** `in 6 days`, `in 3 hours` */
export function untilInWords(at: number, now: number): string {
  const minutes = Math.round((at - now) / 60_000);
  if (minutes <= 0) return "now";
  if (minutes < 120) return `in ${minutes} min`;
  return minutes < 2 * 24 * 60 ? `in ${Math.round(minutes / 60)} hours` : `in ${Math.round(minutes / 60 / 24)} days`;
}

/** `Acme's`, `Fieldworks'` */
export function ownersOf(name: string): string {
  return name.endsWith("s") ? `${name}'` : `${name}'s`;
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
