/** Which questions counts answer, and how they are asked. */

import type { Filter, Span } from "../query.ts";

/** What `GET /v1/stats` filters by. */
const OF_KINDS: ReadonlySet<string> = new Set(["activity", "category", "component", "status", "actor_type"]);
const OF_ACTORS: ReadonlySet<string> = new Set(["actor", "status"]);

/** By what the events of these filters can be counted in a stack; null: no count answers. */
export function stackedBy(filters: readonly Filter[]): "category" | "status" | null {
  const keys = filters.map((filter) => filter.key);
  if (keys.every((key) => OF_KINDS.has(key))) return "category";
  return keys.every((key) => OF_ACTORS.has(key)) ? "status" : null;
}

/** The parameters of a call. */
export function asked(filters: readonly Filter[], span: Span, more: Readonly<Record<string, string>>): URLSearchParams {
  const query = new URLSearchParams(more);
  for (const { key, not, values } of filters) for (const value of values) query.append(not ? `${key}!` : key, value);
  for (const [name, value] of Object.entries(span)) if (value !== undefined) query.set(name, value);
  return query;
}
