/** Times as the reader sees them: in a zone of their choice, with the zone named. */

import { computed } from "@preact/signals";

import { place } from "./route.ts";

export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** The zone of the page: `tz` in the address, else the browser's own. */
export const zone = computed(() => {
  const asked = place.value.query.get("tz");
  return asked !== null && isZone(asked) ? asked : OWN_ZONE;
});

export function isZone(name: string): boolean {
  try {
    formatter(name);
    return true;
  } catch {
    return false;
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(name: string): Intl.DateTimeFormat {
  let known = formatters.get(name);
  if (!known) {
    known = new Intl.DateTimeFormat("en-GB", {
      timeZone: name,
      hourCycle: "h23",
      weekday: "long",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      timeZoneName: "shortOffset",
    });
    formatters.set(name, known);
  }
  return known;
}

function parts(ms: number, name: string): Record<string, string> {
  return Object.fromEntries(formatter(name).formatToParts(ms).map((part) => [part.type, part.value]));
}

/** `2026-11-26` */
export function day(ms: number, name: string): string {
  const { year, month, day: date } = parts(ms, name);
  return `${year}-${month}-${date}`;
}

/** `16:31:07`, or `16:31:07.123` with milliseconds. */
export function clock(ms: number, name: string, milliseconds = false): string {
  const { hour, minute, second } = parts(ms, name);
  return `${hour}:${minute}:${second}${milliseconds ? `.${String(((ms % 1000) + 1000) % 1000).padStart(3, "0")}` : ""}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `26 Nov`, or `26 Nov 2025` where the year is not this one. */
export function shortDay(ms: number, name: string): string {
  const { year, month, day: date } = parts(ms, name);
  const same = year === parts(Date.now(), name)["year"];
  return `${Number(date)} ${MONTHS[Number(month) - 1]}${same ? "" : ` ${year}`}`;
}

/** `26 Nov 16:31`, in the page's own zone where no other is named. */
export function moment(ms: number, name = zone.value, seconds = false): string {
  return `${shortDay(ms, name)} ${clock(ms, name).slice(0, seconds ? 8 : 5)}`;
}

/** `28 August 2026` */
export function fullDay(ms: number, name: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: name, dateStyle: "long" }).format(ms);
}

/** `Thursday 26 November 2026` as a heading of a day. */
export function longDay(ms: number, name: string): string {
  return `${parts(ms, name)["weekday"]} ${fullDay(ms, name)}`;
}

/** `UTC`, `UTC+1`, `UTC+5:30` */
export function offset(ms: number, name: string): string {
  return (parts(ms, name)["timeZoneName"] ?? "UTC").replace("GMT", "UTC");
}
