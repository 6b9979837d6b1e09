/** How many events a question finds, where counters can say: they cost the same on a log of any size. */

import { type Answer, Problem, get } from "../api.ts";
import { asked, stackedBy } from "../overview/questions.ts";
import type { Question } from "../query.ts";

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
