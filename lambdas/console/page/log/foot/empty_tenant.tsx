import { useEffect, useState } from "preact/hooks";

import { Problem, type Schema, address, call } from "../../api.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { curl } from "../../parts/shell.ts";
import { environment, may, me } from "../../session.ts";
import { homeQuery } from "../home.ts";
import { reload } from "../lists.ts";
import { Tail } from "../live.ts";
import { read } from "../../query.ts";

const PLACEHOLDER = "dbk_<your producer key>";
/** The tick stands this long before the event's row does. */
const TICK_MS = 1_500;

/** The first call to copy. The page waits for the event and shows it as it arrives. */
export function EmptyTenant() {
  const [key, setKey] = useState(PLACEHOLDER);
  const [problem, setProblem] = useState<string | null>(null);
  const { arrived, stopped, again } = useFirstEvent();
  const mayMake = may("admin", "operations") && key === PLACEHOLDER;

  async function make(): Promise<void> {
    const body = { role: "producer", environment: environment.value, label: "first event" };
    try {
      const made = await call<Schema["CreatedKey"]>("POST", `tenants/${me.value?.tenant ?? ""}/keys`, { body, inEnvironment: false });
      setKey(made.key);
    } catch (error) {
      setProblem(error instanceof Problem ? error.detail : "The service was not reached.");
    }
  }

  return (
    <section class="nothing">
      <h2>No events yet</h2>
      <p>Send the first one:</p>
      <pre>{command(key)}</pre>
      <p>
        <CopyButton text={() => command(key)} what="command" />
        {mayMake && (
          <button type="button" class="button" onClick={() => void make()}>
            Make a producer key
          </button>
        )}
        {key !== PLACEHOLDER && " The key stands in the command. It is not shown again: copy it now."}
        {problem !== null && <span class="error">{problem}</span>}
      </p>
      <p role="status" class={arrived ? "good" : "soft"}>
        {arrived ? "✓ The first event has arrived" : stopped === null ? "Waiting for it: it is shown here as it arrives." : `No longer waiting for it: ${stopped}`}
        {stopped !== null && (
          <button type="button" class="button" onClick={again}>
            Begin again
          </button>
        )}
      </p>
    </section>
  );
}

/** `arrived` as soon as the feed has an event that is not Daybook's own. `stopped`: why nobody looks any more. */
function useFirstEvent(): { readonly arrived: boolean; readonly stopped: string | null; readonly again: () => void } {
  const [arrived, setArrived] = useState(false);
  const [stopped, setStopped] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const tail = new Tail({ ...read(homeQuery()), span: {} }, reload);
    let timer = 0;
    tail.watchAlone(() => {
      setArrived(true);
      timer = setTimeout(reload, TICK_MS);
    });
    const end = tail.stopped.subscribe(setStopped);
    return () => {
      clearTimeout(timer);
      end();
      tail.end();
    };
  }, [round]);
  return { arrived, stopped, again: () => setRound(round + 1) };
}

function command(key: string): string {
  const event = {
    activity: "document.updated",
    environment: environment.value,
    actor: { type: "user", username: "jane.roe" },
    details: "Our first event",
  };
  const url = new URL(address("events", { inEnvironment: false }), document.baseURI).href;
  return curl(url, { key, json: event });
}
