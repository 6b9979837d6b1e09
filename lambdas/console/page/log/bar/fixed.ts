/** A span that does not move with the time. */

import type { Span } from "../../query.ts";

const DAY_MS = 86_400_000;

/** The same span as two moments. An open end is now. */
export function fixed(span: Span, now: number): Span {
  const to = span.to ?? new Date(now).toISOString();
  if (span.range === undefined) return { ...span, to };
  const from = beginning(span, now);
  return from === null ? span : { from: new Date(from).toISOString(), to };
}

/** Milliseconds: where a span begins; null where it has no beginning. */
export function beginning(span: Span, now: number): number | null {
  return span.from === undefined ? rangeStart(span.range ?? "", now) : Date.parse(span.from);
}

/** Where `7d` or `12m` begins, as the API reckons: days of 24 hours, months of the calendar. Null for anything else. */
function rangeStart(range: string, now: number): number | null {
  const [, count = "0", unit] = /^(\d+)([dm])$/.exec(range) ?? [];
  if (unit === undefined) return null;
  return unit === "d" ? now - Number(count) * DAY_MS : monthsBack(now, Number(count));
}

/** The same day and time so many months ago, or the month's last day where it has no such day. */
function monthsBack(now: number, months: number): number {
  const at = new Date(now);
  const day = at.getUTCDate();
  at.setUTCDate(1);
  at.setUTCMonth(at.getUTCMonth() - months);
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  at.setUTCDate(Math.min(day, last));
  return at.getTime();
}
