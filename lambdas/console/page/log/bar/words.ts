/** Filters and spans in words, for chips, titles and the export's dialog. */

import type { Filter, FilterKey, Question, Span } from "../../query.ts";
import { moment, offset } from "../../zone.ts";
import { hidesOwn } from "../home.ts";

export const LABELS: Readonly<Record<FilterKey, string>> = {
  actor: "actor",
  activity: "activity",
  category: "category",
  status: "status",
  target: "target",
  ip: "address",
  component: "component",
  variant: "variant",
  group: "group",
  actor_type: "kind of actor",
  user_type: "kind of user",
  impersonator: "impersonator",
  origin: "origin",
  source_type: "source",
  session_id: "session",
  request_id: "request",
  caused_by: "caused by",
  credential: "sent by",
  q: "text",
};

/** What each key is about, where its name alone does not say it. */
export const HINTS: Partial<Readonly<Record<FilterKey, string>>> = {
  actor: "who did it",
  target: "on what: type:id",
  ip: "or a block: 203.0.113.0/24",
  group: "its members now",
  impersonator: "who acted in somebody's name",
  credential: "the key that sent it",
  caused_by: "the id of the causing event",
};

export const RANGES: Readonly<Record<string, string>> = {
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "12m": "Last 12 months",
};
export const ALL_KEPT = "All that is kept";

/** Further values of a filter are counted where there is little room. */
const MOST_LISTED = 5;

/** `actor is mike.mars or jane.roe`. `shown` gives a value's words. */
export function filterInWords(filter: Filter, shown: (value: string) => string = (value) => value, most = MOST_LISTED): string {
  if (hidesOwn(filter)) return "without Daybook's own";
  const values = filter.values.map(shown);
  if (filter.key === "q") return `text has ${values.map((value) => `‘${value}’`).join(" or ")}`;
  return `${LABELS[filter.key]} ${filter.not ? "is not" : "is"} ${values.length > most ? `any of ${values.length}` : values.join(" or ")}`;
}

/** `Last 7 days`, `26 Nov 00:00 – 27 Nov 00:00`, `Since 26 Nov 16:31`, `All that is kept`. */
export function spanInWords(span: Span, zone: string): string {
  if (span.range !== undefined) return RANGES[span.range] ?? span.range;
  if (span.from !== undefined && span.to !== undefined) return `${edge(span.from, zone)} – ${edge(span.to, zone)}`;
  if (span.from !== undefined) return `Since ${edge(span.from, zone)}`;
  if (span.to !== undefined) return `Until ${edge(span.to, zone)}`;
  return ALL_KEPT;
}

/** The same with the zone named, for a place where nothing else names it. */
export function spanInFull(span: Span, zone: string): string {
  const said = spanInWords(span, zone);
  const at = Date.parse(span.from ?? span.to ?? "");
  return span.range !== undefined || Number.isNaN(at) ? said : `${said} (${offset(at, zone)})`;
}

function edge(text: string, zone: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : moment(at, zone);
}

/** The filters as one line of words; empty without filters. */
export function filtersInWords(question: Pick<Question, "filters">, shown?: (value: string) => string, most?: number): string {
  return question.filters.map((filter) => filterInWords(filter, shown, most)).join(", ");
}

/** `Failed sign-ins, last 7 days`: `what` it asks and when. */
export function headline(what: string, when: string): string {
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}, ${when.charAt(0).toLowerCase()}${when.slice(1)}`;
}
