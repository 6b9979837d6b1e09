/** How many events a question finds, where counters can say: they cost the same on a log of any size. */

import { type Answer, Problem, get } from "../api.ts";
import { asked, stackedBy } from "../overview/questions.ts";
import type { Question, Span } from "../query.ts";

export function canCount(question: Question): boolean {
  return stackedBy(question.filters) !== null;
}

/** The number of events, or null where no counter knows it. Their span is widened to whole hours. */
export async function count(question: Question, signal: AbortSignal): Promise<number | null> {
  if (!canCount(question)) return null;
  const query = asked(question.filters, question.span, { interval: "none" });
  try {
    return (await get<Answer<"read_stats">>("stats", { query, signal })).total;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** Milliseconds: where a span begins, or null where it has no beginning. */
export function beginning(span: Span, now: number): number | null {
  if (span.from !== undefined) return Date.parse(span.from);
  const found = /^(\d+)([dm])$/.exec(span.range ?? "");
  if (!found) return null;
  const [, number, unit] = found;
  const start = new Date(now);
  if (unit === "d") start.setUTCDate(start.getUTCDate() - Number(number));
  else start.setUTCMonth(start.getUTCMonth() - Number(number));
  return start.getTime();
}
