/** From a date and time as they stand on the reader's clock to an instant, and back. */

import { clock, day } from "./zone.ts";

const FIRST_YEAR = 1970;
const LOCAL = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?$/;

/** The instant of `2026-11-26` or `2026-11-26T16:31` in a zone; null where the text is neither, as while a year is being
 * typed. A time that the zone skips is taken as if the clock had not yet been changed. */
export function instant(text: string, zone: string): number | null {
  const found = LOCAL.exec(text);
  if (!found) return null;
  const [, year, month, date, hour = "0", minute = "0", second = "0", fraction = "0"] = found;
  const wanted = Date.UTC(
    Number(year), Number(month) - 1, Number(date), Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, "0")),
  );
  if (Number(year) < FIRST_YEAR || new Date(wanted).getUTCDate() !== Number(date)) return null;
  const before = wanted - difference(wanted - 86_400_000, zone);
  const first = wanted - difference(before, zone);
  return difference(first, zone) === wanted - first ? first : before;
}

/** How far the zone's clock is ahead of UTC. */
function difference(ms: number, zone: string): number {
  return Date.parse(`${day(ms, zone)}T${clock(ms, zone, true)}Z`) - ms;
}

/** `2026-11-26T16:31`, as an input of type `datetime-local` takes it. */
export function local(ms: number, zone: string): string {
  return `${day(ms, zone)}T${clock(ms, zone).slice(0, 5)}`;
}

/** What a field wants whose text is no instant. */
export const WANTED = `A day and a time of the years ${FIRST_YEAR} to 9999.`;

/** The first instant of the day that is `days` behind the one of `ms`. */
export function dayStart(ms: number, zone: string, days = 0): number {
  const at = new Date(Date.parse(`${day(ms, zone)}T00:00:00Z`) - days * 86_400_000);
  return instant(at.toISOString().slice(0, 10), zone) ?? ms;
}

/** How many days the one of `ms` is behind its week's Monday. */
export function daysSinceMonday(ms: number, zone: string): number {
  return (new Date(`${day(ms, zone)}T00:00:00Z`).getUTCDay() + 6) % 7;
}
