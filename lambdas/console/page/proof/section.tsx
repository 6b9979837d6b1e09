import "./proof.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem } from "../api.ts";
import type { NativeEvent } from "../log/list.ts";
import { ask, check, type Checked } from "./check.ts";
import { Steps } from "./steps.tsx";
import { InWords, Verdict } from "./verdict.tsx";

type State =
  | { readonly is: "idle" | "checking" }
  | { readonly is: "unsealed"; readonly seconds: number }
  | { readonly is: "failed"; readonly why: string }
  | { readonly is: "checked"; readonly checked: Checked };

/** The drawer's proof. Nothing is asked for before the reader asks: the log records who looks at a proof. */
export function Proof({ event }: { event: NativeEvent }) {
  const [state, setState] = useState<State>({ is: "idle" });
  const abort = useRef(new AbortController());
  // What was compared with the bytes must be what stands there now.
  const shown = JSON.stringify(event);
  useEffect(() => {
    setState({ is: "idle" });
    return () => {
      abort.current.abort();
      abort.current = new AbortController();
    };
  }, [shown]);
  useEffect(() => {
    if (state.is !== "unsealed") return undefined;
    const next: State = { is: "unsealed", seconds: state.seconds - 1 };
    const timer = setTimeout(() => (next.seconds > 0 ? setState(next) : void load(false)), 1000);
    return () => clearTimeout(timer);
  }, [state]);

  async function load(disclose: boolean): Promise<void> {
    const { signal } = abort.current;
    setState({ is: "checking" });
    try {
      const checked = await check(await ask(event, disclose, signal), event);
      if (!signal.aborted) setState({ is: "checked", checked });
    } catch (error) {
      if (!signal.aborted) setState(stateOf(error));
    }
  }

  return (
    <section class="proof" aria-label="Proof">
      <div class="proof-head">
        <h3>Proof</h3>
        <span role="status">
          <Told state={state} />
        </span>
        {state.is !== "checked" && (
          <button type="button" class="plain" disabled={state.is === "checking"} onClick={() => void load(false)}>
            {state.is === "idle" ? "Check it" : state.is === "unsealed" ? "Try now" : "Check again"}
          </button>
        )}
      </div>
      {state.is === "idle" && <p class="soft">Asks for the proof, which the log records, and checks it in this browser.</p>}
      {state.is === "failed" && <p class="bad">{state.why}</p>}
      {state.is === "checked" && (
        <>
          <InWords checked={state.checked} onDisclose={() => void load(true)} />
          <Steps checked={state.checked} />
        </>
      )}
    </section>
  );
}

function stateOf(error: unknown): State {
  if (error instanceof Problem && error.code === "not_sealed_yet") {
    return { is: "unsealed", seconds: error.retryAfter ?? 10 };
  }
  return { is: "failed", why: error instanceof Error ? error.message : String(error) };
}

function Told({ state }: { state: State }) {
  if (state.is === "checking") return <span class="soft">checking…</span>;
  if (state.is === "unsealed") return <span class="soft">not sealed yet, trying in {state.seconds} s</span>;
  if (state.is === "failed") return <span class="bad">✗ failed</span>;
  return state.is === "checked" ? <Verdict checked={state.checked} /> : null;
}
