import { useState } from "preact/hooks";

import { call } from "../api.ts";
import { say } from "../parts/toast.tsx";
import { faultOf, useAction } from "./answer.ts";
import { faults } from "./arns.ts";
import { Field, Wrong } from "./parts.tsx";
import type { Stream } from "./stream.tsx";

type Format = NonNullable<Stream["format"]>;

const FORMATS: Readonly<Record<Format, string>> = {
  native: "Native JSON",
  cloudevents: "CloudEvents",
  ocsf: "OCSF 1.8.0",
  symbee: "Symbee's records",
};

export function StreamForm({ stream, onDone }: { stream: Stream; onDone: (stream: Stream) => void }) {
  const [arn, setArn] = useState(stream.stream_arn ?? "");
  const [role, setRole] = useState(stream.role_arn ?? "");
  const [format, setFormat] = useState<Format>(stream.format ?? "native");
  const [own, setOwn] = useState(stream.include_audit_log);
  const action = useAction();
  const wrong = faults(arn.trim(), role.trim());
  const isNew = stream.status === "off";
  const same = !isNew && arn === stream.stream_arn && role === stream.role_arn && format === stream.format && own === stream.include_audit_log;
  async function save(): Promise<void> {
    const body = { stream_arn: arn.trim(), role_arn: role.trim(), format, include_audit_log: own };
    onDone(await call<Stream>("PUT", "settings/stream", { body }));
    say(isNew ? "Events are published from now on" : "The stream is changed");
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(save);
      }}
    >
      <h2>{isNew ? "Set it up" : "Change it"}</h2>
      <Field label="Stream" error={wrong.stream ?? faultOf(action.problem, "stream_arn")}>
        <input
          class="mono"
          spellcheck={false}
          placeholder="arn:aws:kinesis:us-east-1:123456789012:stream/audit"
          value={arn}
          onInput={(event) => setArn(event.currentTarget.value)}
        />
      </Field>
      <Field label="Role" hint="Daybook assumes it, with the external id." error={wrong.role ?? faultOf(action.problem, "role_arn")}>
        <input
          class="mono"
          spellcheck={false}
          placeholder="arn:aws:iam::123456789012:role/daybook"
          value={role}
          onInput={(event) => setRole(event.currentTarget.value)}
        />
      </Field>
      <Field label="Format">
        <select value={format} onChange={(event) => setFormat(event.currentTarget.value as Format)}>
          {Object.entries(FORMATS).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      <label class="choice">
        <input type="checkbox" checked={own} onChange={(event) => setOwn(event.currentTarget.checked)} /> Also publish Daybook&apos;s own
        records: who searched, exported, changed settings
      </label>
      {!action.problem?.errors.length && <Wrong problem={action.problem} />}
      <button class="button main" disabled={!arn || !role || wrong.stream !== null || wrong.role !== null || same || action.busy}>
        {isNew ? "Publish from now on" : "Save"}
      </button>
    </form>
  );
}
