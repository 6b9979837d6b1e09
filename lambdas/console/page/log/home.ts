/** The log as it is first seen: the last 30 days, without Daybook's own records. The address says so. */

import { effect } from "@preact/signals";

import type { Filter, Question } from "../query.ts";
import { href, place } from "../route.ts";
import { credential, reader } from "../session.ts";

export const OWN_COMPONENT = "Audit Log";
export const WITHOUT_OWN: Filter = { key: "component", not: true, values: [OWN_COMPONENT] };

export function homeQuery(): URLSearchParams {
  return new URLSearchParams({ "component!": OWN_COMPONENT, "range": "30d" });
}

/** Where the word mark leads. */
export function home(): string {
  return href("log", [], homeQuery());
}

/** The log as it was last seen, and by whom. Only this tab's memory has it, since filters hold names. */
let last: { readonly reader: string; readonly credential: string; readonly query: URLSearchParams } | null = null;

effect(() => {
  if (credential.value === null) last = null;
  else if (place.value.page === "log") last = { reader: reader.value, credential: credential.value, query: place.value.query };
});

/** Where the tab leads: back to the filters that one had, without the open event. */
export function lastLog(): string {
  if (last?.reader !== reader.value || last.credential !== credential.value) return home();
  const query = new URLSearchParams(last.query);
  query.delete("event");
  return href("log", [], query);
}

/** The filter that hides Daybook's own records. */
export function hidesOwn(filter: Filter): boolean {
  return filter.key === "component" && filter.not && filter.values.length === 1 && filter.values[0] === OWN_COMPONENT;
}

/** The question's filters but for that one. */
export function chosen(question: Question): readonly Filter[] {
  return question.filters.filter((filter) => !hidesOwn(filter));
}
