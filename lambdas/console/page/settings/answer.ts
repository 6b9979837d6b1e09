/** Answers of the API in components: one that is read, and what a change answered. */

import { useEffect, useState } from "preact/hooks";

import { type Options, Problem, address, get } from "../api.ts";
import { chosenTenant } from "../session.ts";

export interface Answered<T> {
  /** Null until it is read. */
  readonly value: T | null;
  readonly problem: Problem | null;
  /** What a change has answered. */
  readonly set: (value: T) => void;
  readonly again: () => void;
}

/** Reads when the component is shown, and again for another tenant or environment. `path` null: nothing is asked. */
export function useAnswer<T>(path: string | null, options: Options = {}): Answered<T> {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ of: string | null; value: T | null; problem: Problem | null }>(NOTHING);
  const key = path === null ? null : `${chosenTenant.value} ${address(path, options)}`;
  useEffect(() => {
    if (path === null) return undefined;
    const abort = new AbortController();
    get<T>(path, { ...options, signal: abort.signal }).then(
      (value) => setState({ of: key, value, problem: null }),
      (error: unknown) => {
        if (error instanceof Problem) setState({ of: key, value: null, problem: error });
      },
    );
    return () => abort.abort();
  }, [key, turn]);
  const shown = state.of === key ? state : NOTHING;
  return {
    value: shown.value,
    problem: shown.problem,
    set: (value) => setState({ of: key, value, problem: null }),
    again: () => setTurn(turn + 1),
  };
}

const NOTHING = { of: null, value: null, problem: null };

export interface Action {
  readonly busy: boolean;
  readonly problem: Problem | null;
  /** Runs a change. A problem is kept for the form to show. */
  readonly run: (change: () => Promise<void>) => Promise<void>;
  readonly clear: () => void;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  async function run(change: () => Promise<void>): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await change();
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(0, "offline", NOT_REACHED, [], null));
    } finally {
      setBusy(false);
    }
  }
  return { busy, problem, run, clear: () => setProblem(null) };
}

const NOT_REACHED = "The service was not reached. It is not known whether the change was made.";

/** What is wrong with a field of a form, and of what lies in it. */
export function faultOf(problem: Problem | null, path: string): string | null {
  const found = problem?.errors.filter((error) => error.path === path || error.path.startsWith(`${path}.`) || error.path.startsWith(`${path}[`));
  return found?.length ? found.map((error) => (error.path === path ? error.message : `${error.path} ${error.message}`)).join("; ") : null;
}

/** After a change of what `me` tells: where the log begins, whether a hold is on. */
export { readMe as meAgain } from "../who.ts";
