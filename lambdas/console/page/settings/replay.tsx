import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { Moment, momentOf } from "../parts/moment.tsx";
import { say } from "../parts/toast.tsx";
import { faultOf, useAction } from "./answer.ts";
import { JobProgress, useUnfinished } from "./jobs.tsx";
import { Wrong } from "./parts.tsx";

/** Publishes the events of a span again. */
export function Replay({ environment }: { environment: string }) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [begins, ends] = [momentOf(from), momentOf(to)];
  const action = useAction();
  const jobs = useUnfinished("replay", environment);
  async function start(): Promise<void> {
    if (begins === null || ends === null) return;
    const body = { from: new Date(begins).toISOString(), to: new Date(ends).toISOString() };
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
          <Moment required label="From" text={from} onText={setFrom} fault={faultOf(action.problem, "from")} />
          <Moment required label="To" text={to} onText={setTo} fault={faultOf(action.problem, "to")} />
        </div>
        {!action.problem?.errors.length && <Wrong problem={action.problem} />}
        <button class="button" disabled={begins === null || ends === null || action.busy}>
          Publish again
        </button>
      </form>
      {jobs.ids.map((id) => (
        <JobProgress key={id} id={id} />
      ))}
    </>
  );
}
