import { useEffect, useState } from "preact/hooks";

import { Problem, type Schema, call } from "../../api.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { environment, may, me } from "../../session.ts";
import { homeQuery } from "../home.ts";
import { reload } from "../lists.ts";
import { Tail } from "../live.ts";
import { read } from "../../query.ts";
import { INSTALL, curlCommand, pythonLines } from "./first_event.ts";

const PLACEHOLDER = "dbk_<your producer key>";
/** The tick stands this long before the event's row does. */
const TICK_MS = 1_500;

/** The first event's call, to copy. The page waits for the event and shows it as it arrives. */
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
    <section class="nothing first-event">
      <h2>No events yet</h2>
      <p>
        {"Send the first one from Python or with curl. "}
        {mayMake && (
          <button type="button" class="button" onClick={() => void make()}>
            Make a producer key
          </button>
        )}
        {key !== PLACEHOLDER && "The key stands in both. It is not shown again: copy it now."}
        {problem !== null && <span class="error">{problem}</span>}
      </p>
      <h3>Python</h3>
      <p>
        {"In a copy of Daybook’s sources: "}
        <code>{INSTALL}</code> <CopyButton text={() => INSTALL} what="installation" />
      </p>
      <pre>{pythonLines(key)}</pre>
      <p>
        <CopyButton text={() => pythonLines(key)} what="lines of Python" />
        <span class="soft">The call returns at once. A thread sends the event, at the latest when the program ends.</span>
      </p>
      <h3>curl</h3>
      <pre>{curlCommand(key)}</pre>
      <p>
        <CopyButton text={() => curlCommand(key)} what="command" />
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
