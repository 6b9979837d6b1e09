/** Asks how many events there are. Counts are exact and kept by the service, so they answer at once on any log. */

import { useEffect, useState } from "preact/hooks";

import { type Answer, Problem, get } from "../api.ts";
import { credential, environment } from "../session.ts";

export type Stats = Answer<"read_stats">;

export interface Counted {
  readonly stats: Stats | null;
  readonly problem: Problem | null;
  /** A later answer is awaited. */
  readonly waiting: boolean;
  /** When it was answered. */
  readonly at: number;
}

const NOTHING: Counted = { stats: null, problem: null, waiting: true, at: 0 };

/** The answer to a question; null asks nothing. The former answer stays until the next is there. Another `again` asks the
 * same once more.
 */
export function useStats(query: URLSearchParams | null, again?: unknown): Counted {
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
  }, [text, reader, again]);
  return counted;
}
