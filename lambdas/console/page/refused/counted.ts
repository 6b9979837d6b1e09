/** Refused events grouped as their senders can mend them: by code, activity and key, over all hours. */

import type { Schema } from "../api.ts";

export type Report = Schema["RefusedReport"];
type Count = Report["counts"][number];

const HOUR = 3_600_000;

export interface Group {
  readonly code: string;
  readonly activity: string | null;
  readonly key: string | null;
  readonly environment: string;
  readonly count: number;
  /** The last hour in which there was one. */
  readonly last: number;
  /** For each hour of the report. */
  readonly hours: readonly number[];
}

/** The hours of a report, from its first to the present one. */
export function hoursOf(since: number, now: number): number[] {
  const first = Math.ceil(since / HOUR);
  return Array.from({ length: Math.max(1, Math.floor(now / HOUR) - first + 1) }, (_, at) => (first + at) * HOUR);
}

/** The most frequent first. */
export function grouped(counts: readonly Count[], hours: readonly number[]): Group[] {
  const found = new Map<string, Group & { hours: number[]; count: number; last: number }>();
  for (const one of counts) {
    const { code, activity, key, environment } = one;
    const name = JSON.stringify([code, activity, key, environment]);
    const group = found.get(name) ?? { code, activity, key, environment, count: 0, last: 0, hours: hours.map(() => 0) };
    const hour = Date.parse(one.hour);
    const at = hours.indexOf(hour);
    if (at >= 0) group.hours[at] = (group.hours[at] ?? 0) + one.count;
    found.set(name, { ...group, count: group.count + one.count, last: Math.max(group.last, hour) });
  }
  return [...found.values()].sort((one, other) => other.count - one.count || other.last - one.last);
}

/** `missing field` */
export function codeInWords(code: string): string {
  return code.replaceAll("_", " ");
}
