/** From counts to bars. Counts are by hours and days of UTC, so bars begin on them; weeks begin on UTC's Monday. */

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
/** 1970 began on a Thursday. */
const FIRST_MONDAY = 4 * DAY;

export type Step = "hour" | "day" | "week";
const LENGTHS: Readonly<Record<Step, number>> = { hour: HOUR, day: DAY, week: WEEK };
const LONGEST_BY_HOUR = 5 * DAY;
const LONGEST_BY_DAY = 123 * DAY;

/** So that there are 60 to 120 bars where the span is long enough. */
export function stepOf(from: number, to: number): Step {
  if (to - from <= LONGEST_BY_HOUR) return "hour";
  return to - from <= LONGEST_BY_DAY ? "day" : "week";
}

export function startOf(ms: number, step: Step): number {
  const origin = step === "week" ? FIRST_MONDAY : 0;
  return Math.floor((ms - origin) / LENGTHS[step]) * LENGTHS[step] + origin;
}

/** So many events, counted from `at` on, have this key. */
export interface Count {
  readonly at: number;
  readonly key: string;
  readonly count: number;
}

export interface Bars {
  readonly step: Step;
  /** Milliseconds, one after the other. */
  readonly starts: readonly number[];
  /** Where the last one ends. */
  readonly end: number;
  /** What is stacked, from below. */
  readonly keys: readonly string[];
  /** For each key, a number a bar. */
  readonly counts: readonly (readonly number[])[];
  readonly totals: readonly number[];
}

/** The bars of a span. `keys`: what is stacked, in this order; any other key counts as the last of them. */
export function barsOf(from: number, to: number, step: Step, keys: readonly string[], counts: Iterable<Count>): Bars {
  const length = LENGTHS[step];
  const first = startOf(from, step);
  const number = Math.max(1, Math.ceil((to - first) / length));
  const stacks = keys.map(() => new Array<number>(number).fill(0));
  const totals = new Array<number>(number).fill(0);
  for (const { at, key, count } of counts) {
    const bar = Math.floor((at - first) / length);
    const known = keys.indexOf(key);
    const stack = stacks[known < 0 ? keys.length - 1 : known];
    if (bar < 0 || bar >= number || !stack) continue;
    stack[bar] = (stack[bar] ?? 0) + count;
    totals[bar] = (totals[bar] ?? 0) + count;
  }
  const starts = totals.map((_, bar) => first + bar * length);
  return { step, starts, end: first + number * length, keys, counts: stacks, totals };
}

/** Bars from `first` to `last`, both inclusive. */
export interface Chosen {
  readonly first: number;
  readonly last: number;
}

/** The bars that a span touches; null where it touches none. */
export function touched(bars: Bars, from: number, to: number): Chosen | null {
  const length = LENGTHS[bars.step];
  const origin = bars.starts[0] ?? 0;
  const first = Math.max(0, Math.floor((from - origin) / length));
  const last = Math.min(bars.starts.length - 1, Math.ceil((to - origin) / length) - 1);
  return first <= last ? { first, last } : null;
}

/** From where to where bars reach. */
export function reach(bars: Bars, { first, last }: Chosen): { from: number; to: number } {
  return { from: bars.starts[first] ?? 0, to: bars.starts[last + 1] ?? bars.end };
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
