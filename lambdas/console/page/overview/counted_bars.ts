/** Bars from an answer of `GET /v1/stats`, and from rows of the log. */

import type { Schema } from "../api.ts";
import { type Bars, type Count, type Step, barsOf, stepOf } from "./bars.ts";
import { type Coloured, OTHER, coloured } from "./colours.ts";
import type { Moments } from "./spans.ts";
import type { Stats } from "./stats.ts";

export interface Picture {
  readonly bars: Bars;
  readonly colours: readonly Coloured[];
}

/** An open beginning is that of the first event. `by`: the field by which was counted; null: events are not told apart. `order`: the catalogue's categories. */
export function ofStats(stats: Stats, span: Moments, step: Step, by: "category" | "status" | null, order: readonly string[]): Picture {
  const counts = stats.buckets.map(({ start, key, count, rest }) => ({
    at: Date.parse(start ?? stats.from),
    key: rest === true ? OTHER : String(key ?? ""),
    count,
  }));
  const begin = span.open === true ? Math.min(...counts.map(({ at }) => at), span.to) : span.from;
  const from = Math.max(begin, span.from, Date.parse(stats.from));
  return pictured(counts, { from, to: span.to }, step === "hour" || stepOf(from, span.to) === "week" ? step : "day", by, order);
}

export function ofRows(rows: readonly Schema["NativeEvent"][], span: Moments, step: Step, order: readonly string[]): Picture {
  const counts = rows.map(({ occurred_at, category }) => ({ at: Date.parse(occurred_at), key: category, count: 1 }));
  return pictured(counts, span, step, "category", order);
}

function pictured(counts: readonly Count[], span: Moments, step: Step, by: "category" | "status" | null, order: readonly string[]): Picture {
  const colours = by === "category" ? ofCategories(counts, order) : by === "status" ? STATUSES : [{ key: "", colour: "--c1" }];
  return { colours, bars: barsOf(Math.min(span.from, span.to), span.to, step, colours.map(({ key }) => key), counts) };
}

const STATUSES: readonly Coloured[] = [
  { key: "failure", colour: "--bad" },
  { key: "success", colour: "--c8" },
];

function ofCategories(counts: readonly Count[], order: readonly string[]): Coloured[] {
  const sizes = new Map<string, number>();
  let rest = false;
  for (const { key, count } of counts) {
    if (key === OTHER) rest = true;
    else sizes.set(key, (sizes.get(key) ?? 0) + count);
  }
  const found = coloured(sizes, order);
  return rest && found.at(-1)?.key !== OTHER ? [...found, { key: OTHER, colour: "--edge" }] : found;
}
