/** What the overview asks, of whom, and where its numbers lead. */

import { isGuid, shortGuid } from "../parts/guid.ts";
import { href, place } from "../route.ts";
import type { Filter, Span } from "../query.ts";
import { catalogue } from "../catalogue.ts";
import { asked } from "./questions.ts";

/** Without another one in the address. */
export const FIRST_SPAN: Span = { range: "30d" };

/** The span in the page's address. */
export function presentSpan(): Span {
  const span: { -readonly [name in keyof Span]: string } = {};
  for (const name of ["range", "from", "to"] as const) {
    const value = place.value.query.get(name);
    if (value !== null) span[name] = value;
  }
  return span.range === undefined && span.from === undefined ? FIRST_SPAN : span;
}

/** The overview of another span, with everything else that stands in the address. */
export function overviewOf(span: Span): string {
  const query = new URLSearchParams(place.value.query);
  for (const name of ["range", "from", "to"]) query.delete(name);
  for (const [name, value] of asked([], span, {})) query.set(name, value);
  return href("overview", [], query);
}

/** The log of these events. */
export function logOf(filters: readonly Filter[], span: Span): string {
  const zone = place.value.query.get("tz");
  return href("log", [], asked(filters, span, zone === null ? {} : { tz: zone }));
}

export function is(key: Filter["key"], ...values: string[]): Filter {
  return { key, not: false, values };
}

/** An activity as its product calls it. */
export function activityName(id: string): string {
  const known = catalogue.value?.activities.find((one) => one.activity === id);
  if (!known) return id;
  return known.component ? `${known.component}: ${known.event}` : known.event;
}

/** An actor as counts name it: of those who have no name any more, the beginning of the GUID. */
export function actorName(key: string): string {
  return isGuid(key) ? shortGuid(key) : key;
}
