/** How many events a question finds, where counters can say: they cost the same on a log of any size. */

import { type Answer, Problem, get } from "../api.ts";
import { asked, stackedBy } from "../overview/questions.ts";
import { HOUR } from "../overview/bars.ts";
import type { Question, Span } from "../query.ts";
import { me } from "../session.ts";
import { beginning } from "./bar/fixed.ts";

export function canCount(question: Question): boolean {
  return stackedBy(question.filters) !== null;
}

export interface Count {
  readonly number: number;
  /** Counters know whole hours alone, and an edge of the span is none. */
  readonly about: boolean;
}

/** `about 1,284 events` */
export function inWords({ number, about }: Count, what: "event" | "row"): string {
  return `${inFigures({ number, about })} ${what}${number === 1 ? "" : "s"}`;
}

export function inFigures({ number, about }: Count): string {
  return `${about ? "about " : ""}${number.toLocaleString("en")}`;
}

/** The number of events, or null where no counter knows it. */
export async function count(question: Question, signal: AbortSignal): Promise<Count | null> {
  if (!canCount(question)) return null;
  const query = asked(question.filters, question.span, { interval: "none" });
  try {
    const now = Date.now();
    const { total, from } = await get<Answer<"read_stats">>("stats", { query, signal });
    return { number: total, about: total > 0 && !isWhole(question.span, Date.parse(from), now) };
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** Whether the hours that are counted, from `from` on, hold what the span holds and nothing else. */
function isWhole(span: Span, from: number, now: number): boolean {
  const [to, since] = [Date.parse(span.to ?? ""), Date.parse(me.value?.audit_since ?? "")];
  const begun = beginning(span, now);
  const start = begun ?? Date.parse(me.value?.retained_from ?? "");
  const endsWhole = span.to === undefined || to % HOUR === 0 || to > now + HOUR;
  return endsWhole && (start === from || since >= (begun ?? from));
}
