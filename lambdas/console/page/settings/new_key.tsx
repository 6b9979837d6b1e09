import { useState } from "preact/hooks";

import { call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Moment, momentOf } from "../parts/moment.tsx";
import { me } from "../session.ts";
import { faultOf, useAction } from "./answer.ts";
import { type CreatedKey, OF_ALL, keysPath } from "./calls.ts";
import { Field, Wrong } from "./parts.tsx";

const ROLES = {
  producer: "producer: sends events",
  auditor: "auditor: reads and exports",
  admin: "admin: also changes settings and keys",
} as const;
const MAX_LABEL = 128;

export function NewKey({ onClose, onDone }: { onClose: () => void; onDone: (key: CreatedKey) => void }) {
  const environments = me.value?.environments ?? [];
  const [label, setLabel] = useState("");
  const [role, setRole] = useState<keyof typeof ROLES>("producer");
  const [environment, setEnvironment] = useState(me.value?.environment ?? "*");
  const [until, setUntil] = useState("");
  const ends = momentOf(until);
  const action = useAction();
  async function make(): Promise<void> {
    const valid_until = ends === null ? null : new Date(ends).toISOString();
    const body = { label: label.trim(), role, environment, valid_until };
    onDone(await call<CreatedKey>("POST", keysPath(), { ...OF_ALL, body }));
  }
  return (
    <Dialog title="New key" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(make);
        }}
      >
        <Field label="Label" hint="What uses it: the log shows this." error={faultOf(action.problem, "label")}>
          <input required maxLength={MAX_LABEL} value={label} onInput={(event) => setLabel(event.currentTarget.value)} />
        </Field>
        <Field label="Role" error={faultOf(action.problem, "role")}>
          <select value={role} onChange={(event) => setRole(event.currentTarget.value as keyof typeof ROLES)}>
            {Object.entries(ROLES).map(([name, text]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Environment" error={faultOf(action.problem, "environment")}>
          <select value={environment} onChange={(event) => setEnvironment(event.currentTarget.value)}>
            {me.value?.environment === null && <option value="*">all</option>}
            {environments.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </Field>
        <Moment
          label="Ends"
          text={until}
          onText={setUntil}
          hint="Empty: it is valid until it is revoked."
          fault={faultOf(action.problem, "valid_until")}
        />
        {!action.problem?.errors.length && <Wrong problem={action.problem} />}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button class="button main" disabled={!label.trim() || (until !== "" && ends === null) || action.busy}>
            Make the key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
