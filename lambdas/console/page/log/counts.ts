/** How many events a question finds, where counters can say: they cost the same on a log of any size. */

import { type Answer, Problem, get } from "../api.ts";
import { type FilterKey, type Question, type Span, write } from "../query.ts";

/** What statistics are counted by. Events by person are counted apart from the others. */
const BY_KIND: ReadonlySet<FilterKey> = new Set(["activity", "category", "component", "status", "actor_type"]);
const BY_PERSON: ReadonlySet<FilterKey> = new Set(["actor", "status"]);

export function canCount(question: Question): boolean {
  return [BY_KIND, BY_PERSON].some((known) => question.filters.every(({ key }) => known.has(key)));
}

/** The number of events, or null where no counter knows it. Their span is widened to whole hours. */
export async function count(question: Question, signal: AbortSignal): Promise<number | null> {
  if (!canCount(question)) return null;
  const query = counted(question);
  query.set("interval", "none");
  try {
    return (await get<Answer<"read_stats">>("stats", { query, signal })).total;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** The question without what no count depends on. */
function counted(question: Question): URLSearchParams {
  const query = write(question);
  query.delete("sort");
  query.delete("view");
  return query;
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
