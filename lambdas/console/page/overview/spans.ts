/** From a question's span to moments and back. */

import { beginning } from "../log/bar/fixed.ts";
import type { Span } from "../query.ts";

export interface Moments {
  readonly from: number;
  readonly to: number;
  /** Whether it was asked for without a beginning. */
  readonly open?: boolean;
}

/** Where a span begins and ends. `begin`: where the log begins, for a span without an own beginning; null: nobody knows,
 * then `from` is infinitely long ago.
 */
export function moments(span: Span, now: number, begin: number | null): Moments {
  const to = span.to === undefined ? now : Date.parse(span.to);
  const from = beginning(span, now);
  return { from: Math.min(from ?? begin ?? -Infinity, to), to, open: from === null };
}

export function between(from: number, to: number): Span {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

export function sameSpan(one: Span, other: Span): boolean {
  return one.range === other.range && one.from === other.from && one.to === other.to;
}
