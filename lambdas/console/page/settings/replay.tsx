import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { say } from "../parts/toast.tsx";
import { faultOf, useAction } from "./answer.ts";
import { JobProgress, useUnfinished } from "./jobs.tsx";
import { Field, Wrong } from "./parts.tsx";

/** Publishes the events of a span again. The times are the browser's own, as its fields have them. */
export function Replay({ environment }: { environment: string }) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const action = useAction();
  const jobs = useUnfinished("replay", environment);
  async function start(): Promise<void> {
    const body = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    const job = await call<Schema["JobDescription"]>("POST", "settings/stream/replay", { body });
    jobs.add(job.id);
    say("The replay has begun");
  }
  return (
    <>
      <h2>Publish again</h2>
      <p class="soft">The events of a span of time, in their order. The stream may receive some of them a second time.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(start);
        }}
      >
        <div class="pair">
          <Field label="From" error={faultOf(action.problem, "from")}>
            <input type="datetime-local" required value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
          </Field>
          <Field label="To" error={faultOf(action.problem, "to")}>
            <input type="datetime-local" required value={to} onInput={(event) => setTo(event.currentTarget.value)} />
          </Field>
        </div>
        {!action.problem?.errors.length && <Wrong problem={action.problem} />}
        <button class="button" disabled={!from || !to || action.busy}>
          Publish again
        </button>
      </form>
      {jobs.ids.map((id) => (
        <JobProgress key={id} id={id} />
      ))}
    </>
  );
}
