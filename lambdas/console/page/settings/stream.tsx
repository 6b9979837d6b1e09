import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { copy } from "../parts/copy.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { say } from "../parts/toast.tsx";
import { environment, me } from "../session.ts";
import { clock, fullDay, zone } from "../zone.ts";
import { type Answered, useAction, useAnswer } from "./answer.ts";
import { Section, Waiting, Wrong } from "./parts.tsx";
import { Replay } from "./replay.tsx";
import { StreamForm } from "./stream_form.tsx";

export type Stream = Schema["StreamDescription"];
type Test = Schema["StreamTest"];

export function StreamPage() {
  const answer = useAnswer<Stream>("settings/stream");
  const stream = answer.value;
  const several = (me.value?.environments.length ?? 0) > 1;
  return (
    <Section
      title={several ? `Stream of ${environment.value}` : "Stream"}
      intro="Every event, as it arrives, in a Kinesis stream of your own AWS account."
    >
      <Wrong problem={answer.problem} />
      {stream === null && !answer.problem && <Waiting />}
      {stream && (
        <>
          {stream.status !== "off" && <State stream={stream} answer={answer} />}
          <TrustPolicy id={stream.external_id} open={stream.status === "off"} />
          <StreamForm key={`${stream.environment} ${stream.stream_arn}`} stream={stream} onDone={answer.set} />
          {stream.status !== "off" && <Replay environment={stream.environment} />}
          {stream.status !== "off" && <Off stream={stream} onDone={answer.set} />}
        </>
      )}
    </Section>
  );
}

function when(time: string | null): string {
  return time === null ? "never" : `${fullDay(Date.parse(time), zone.value)}, ${clock(Date.parse(time), zone.value)}`;
}

/** How the stream does, and a test of it. */
function State({ stream, answer }: { stream: Stream; answer: Answered<Stream> }) {
  const action = useAction();
  const [test, setTest] = useState<Test | null>(null);
  const failing = stream.status === "failing";
  async function ask(): Promise<void> {
    setTest(null);
    setTest(await call<Test>("POST", "settings/stream/test"));
    answer.again();
  }
  return (
    <>
      <dl class="facts">
        <dt>State</dt>
        <dd class={failing ? "error" : "good"}>{failing ? `failing since ${when(stream.failing_since)}` : "delivering"}</dd>
        {stream.last_error !== null && (
          <>
            <dt>Last error</dt>
            <dd>{ERRORS[stream.last_error] ?? stream.last_error}</dd>
          </>
        )}
        <dt>Last delivered</dt>
        <dd>{when(stream.last_delivered_at)}</dd>
        <dt>Waiting</dt>
        <dd>
          {stream.pending.toLocaleString("en")}
          {stream.pending_is_exact ? "" : " or more"} events
        </dd>
        {stream.given_up > 0 && (
          <>
            <dt>Given up</dt>
            <dd class="error">{stream.given_up.toLocaleString("en")} events, which a replay can publish</dd>
          </>
        )}
      </dl>
      <div class="row">
        <button type="button" class="button" disabled={action.busy} onClick={() => void action.run(ask)}>
          {action.busy ? "Sending…" : "Test now"}
        </button>
        <button type="button" class="plain" onClick={answer.again}>
          Look again
        </button>
      </div>
      <Wrong problem={action.problem} />
      {test && (
        <div role="status">
          <p class={test.delivered ? "good" : "error"}>
            {test.delivered
              ? `The stream took a test record after ${test.milliseconds.toLocaleString("en")} ms.`
              : `The stream did not take the test record: ${ERRORS[test.error ?? ""] ?? test.error}`}
          </p>
          {test.record !== null && <pre tabIndex={0}>{test.record}</pre>}
        </div>
      )}
    </>
  );
}

const ERRORS: Readonly<Record<string, string>> = {
  AccessDenied: "The role can't be assumed: does it exist, and does its trust policy have the external id below? (AccessDenied)",
  AccessDeniedException: "The role may not write to the stream: it needs kinesis:PutRecords. (AccessDeniedException)",
  ResourceNotFoundException: "There is no such stream in this region. (ResourceNotFoundException)",
  SlowStream: "The stream answers so slowly that its events wait first.",
  InternalError: "Daybook can't make the records of some events.",
  KMSAccessDeniedException: "The role may not use the stream's key: it needs kms:GenerateDataKey. (KMSAccessDeniedException)",
};

export function policyOf(externalId: string): string {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::<the account that Daybook runs in>:root" },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:ExternalId": externalId } },
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 2);
}

function TrustPolicy({ id, open }: { id: string; open: boolean }) {
  return (
    <details open={open}>
      <summary>The role&apos;s trust policy</summary>
      <p class="soft">
        The role needs this trust policy with the external id <code>{id}</code>, and may do kinesis:PutRecords on the stream.
      </p>
      <pre tabIndex={0}>{policyOf(id)}</pre>
      <div class="row">
        <button type="button" class="button" onClick={() => void copy(policyOf(id), "Trust policy")}>
          Copy the policy
        </button>
        <button type="button" class="button" onClick={() => void copy(id, "External id")}>
          Copy the external id
        </button>
      </div>
    </details>
  );
}

function Off({ stream, onDone }: { stream: Stream; onDone: (stream: Stream) => void }) {
  const [open, setOpen] = useState(false);
  const action = useAction();
  async function remove(): Promise<void> {
    onDone(await call<Stream>("DELETE", "settings/stream"));
    setOpen(false);
    say("Publishing has ended");
  }
  return (
    <>
      <h2>Switch it off</h2>
      <button type="button" class="button danger" onClick={() => setOpen(true)}>
        Stop publishing…
      </button>
      {open && (
        <Dialog title="Stop publishing" onClose={() => setOpen(false)}>
          <p>
            No further event is published.
            {stream.pending > 0 && ` The ${stream.pending.toLocaleString("en")} events that wait are dropped.`} A replay can publish
            them later, once a stream is set up again.
          </p>
          <Wrong problem={action.problem} />
          <div class="dialog-foot">
            <button type="button" class="button" onClick={() => setOpen(false)}>
              Cancel
            </button>
            <button type="button" class="button danger" disabled={action.busy} onClick={() => void action.run(remove)}>
              Stop publishing
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
