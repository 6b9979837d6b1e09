/** Asks how many events there are. Counts are exact and kept by the service, so they answer at once on any log. */

import { useEffect, useState } from "preact/hooks";

import { type Answer, Problem, get } from "../api.ts";
import type { Filter, Span } from "../query.ts";
import { credential, environment } from "../session.ts";

export type Stats = Answer<"read_stats">;

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

export interface Counted {
  readonly stats: Stats | null;
  readonly problem: Problem | null;
  /** A later answer is awaited. */
  readonly waiting: boolean;
  /** When it was answered. */
  readonly at: number;
}

const NOTHING: Counted = { stats: null, problem: null, waiting: true, at: 0 };

/** The answer to a question; null asks nothing. The former answer stays until the next is there. */
export function useStats(query: URLSearchParams | null): Counted {
  const [counted, setCounted] = useState<Counted>(NOTHING);
  const text = query?.toString() ?? null;
  const reader = `${credential.value ?? ""} ${environment.value ?? ""}`;
  useEffect(() => {
    if (text === null) return setCounted({ ...NOTHING, waiting: false });
    const abort = new AbortController();
    setCounted((former) => ({ ...former, waiting: true }));
    get<Stats>("stats", { query: new URLSearchParams(text), signal: abort.signal })
      .then((stats) => setCounted({ stats, problem: null, waiting: false, at: Date.now() }))
      .catch((error: unknown) => {
        if (error instanceof Problem) setCounted({ stats: null, problem: error, waiting: false, at: Date.now() });
      });
    return () => abort.abort();
  }, [text, reader]);
  return counted;
}
