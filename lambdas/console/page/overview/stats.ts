/** Asks how many events there are. Counts are exact and kept by the service, so they answer at once on any log. */

import { useEffect, useState } from "preact/hooks";

import { type Answer, Problem, get } from "../api.ts";
import { credential, reader as whose } from "../session.ts";

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

/** The answer to a question; null asks nothing. The former answer stays until the next is there, unless it was of another
 * tenant or environment. Another `again` asks the same once more.
 */
export function useStats(query: URLSearchParams | null, again?: unknown): Counted {
  const reader = whose.value;
  const [counted, setCounted] = useState({ ...NOTHING, reader });
  const text = query?.toString() ?? null;
  useEffect(() => {
    if (text === null) return setCounted({ ...NOTHING, waiting: false, reader });
    const abort = new AbortController();
    setCounted((former) => ({ ...(former.reader === reader ? former : NOTHING), waiting: true, reader }));
    get<Stats>("stats", { query: new URLSearchParams(text), signal: abort.signal })
      .then((stats) => setCounted({ stats, problem: null, waiting: false, at: Date.now(), reader }))
      .catch((error: unknown) => {
        if (error instanceof Problem) setCounted({ stats: null, problem: error, waiting: false, at: Date.now(), reader });
      });
    return () => abort.abort();
  }, [text, reader, credential.value, again]);
  return counted.reader === reader ? counted : NOTHING;
}
