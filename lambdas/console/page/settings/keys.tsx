import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { say } from "../parts/toast.tsx";
import { me } from "../session.ts";
import { clock, moment, zone } from "../zone.ts";
import { useAction, useAnswer } from "./answer.ts";
import { type CreatedKey, OF_ALL, keysPath } from "./calls.ts";
import { NewKey } from "./new_key.tsx";
import { Field, Section, Waiting, Wrong } from "./parts.tsx";
import { ShownOnce } from "./shown_once.tsx";

type Key = Schema["KeyDescription"];

const HOUR_S = 3600;

type Open = { what: "new" } | { what: "rotate" | "revoke"; key: Key } | { what: "shown"; key: CreatedKey };

export function KeysPage() {
  const answer = useAnswer<Schema["KeyList"]>(keysPath(), OF_ALL);
  const [open, setOpen] = useState<Open | null>(null);
  const keys = answer.value?.keys;
  const close = (): void => setOpen(null);
  function made(key: CreatedKey): void {
    setOpen({ what: "shown", key });
    answer.again();
  }
  return (
    <Section
      title="Keys"
      intro="With a producer's key a product sends events; an auditor's reads, an admin's also changes settings."
      actions={
        <button type="button" class="button" onClick={() => setOpen({ what: "new" })}>
          New key…
        </button>
      }
    >
      <Wrong problem={answer.problem} />
      {!keys && !answer.problem && <Waiting />}
      {keys && <Table keys={byUse(keys)} onOpen={setOpen} />}
      {open?.what === "new" && <NewKey onClose={close} onDone={made} />}
      {open?.what === "rotate" && <Rotate of={open.key} onClose={close} onDone={made} />}
      {open?.what === "revoke" && (
        <Revoke
          of={open.key}
          onClose={close}
          onDone={() => {
            close();
            answer.again();
            say(`${open.key.label} is revoked`);
          }}
        />
      )}
      {open?.what === "shown" && <ShownOnce created={open.key} onClose={close} />}
    </Section>
  );
}

/** The last used first; behind them those never used, then those that have ended. */
function byUse(keys: readonly Key[]): Key[] {
  const rank = (key: Key): number => (hasEnded(key) ? 2 : key.last_used_at === null ? 1 : 0);
  const since = (key: Key): number => Date.parse(key.last_used_at ?? key.created_at);
  return [...keys].sort((a, b) => rank(a) - rank(b) || since(b) - since(a));
}

function hasEnded(key: Key): boolean {
  return key.valid_until !== null && Date.parse(key.valid_until) <= Date.now();
}

function Table({ keys, onOpen }: { keys: readonly Key[]; onOpen: (open: Open) => void }) {
  if (!keys.length) return <p>There are no keys yet.</p>;
  return (
    <table class="plain-table key-table">
      <thead>
        <tr>
          <th scope="col">Label</th>
          <th scope="col">Role</th>
          <th scope="col">Environment</th>
          <th scope="col">Created</th>
          <th scope="col">Last used</th>
          <th scope="col">Ends</th>
          <th scope="col">
            <span class="hidden-visually">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Row key={key.key_id} of={key} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ of: key, onOpen }: { of: Key; onOpen: (open: Open) => void }) {
  const ended = hasEnded(key);
  const own = key.key_id === me.value?.credential.id;
  return (
    <tr class={ended ? "soft" : undefined}>
      <th scope="row">
        <bdi>{key.label}</bdi> {own && <span class="mark">yours</span>}
        <div class="mono soft">{key.key_id}</div>
      </th>
      <td data-label="Role">{key.role}</td>
      <td data-label="Environment">{key.environment === "*" ? "all" : key.environment}</td>
      <td data-label="Created">{moment(Date.parse(key.created_at))}</td>
      <td data-label="Last used">{key.last_used_at === null ? "never" : hour(key.last_used_at)}</td>
      <td data-label="Ends">{key.valid_until === null ? "—" : `${ended ? "ended " : ""}${moment(Date.parse(key.valid_until))}`}</td>
      <td class="ends">
        {!ended && (
          <button type="button" class="link" aria-label={`Rotate ${key.label}`} onClick={() => onOpen({ what: "rotate", key })}>
            Rotate
          </button>
        )}{" "}
        <button type="button" class="link" aria-label={`Revoke ${key.label}`} onClick={() => onOpen({ what: "revoke", key })}>
          Revoke
        </button>
      </td>
    </tr>
  );
}

/** The service keeps the hour of the last use: `26 Nov 16:00–17:00`. */
function hour(time: string): string {
  return `${moment(Date.parse(time))}–${clock(Date.parse(time) + HOUR_S * 1000, zone.value).slice(0, 5)}`;
}

function Rotate({ of: key, onClose, onDone }: { of: Key; onClose: () => void; onDone: (key: CreatedKey) => void }) {
  const [hours, setHours] = useState("1");
  const action = useAction();
  const number = Number(hours);
  const fits = hours.trim() !== "" && number >= 0 && number <= 720;
  async function rotate(): Promise<void> {
    const body = { overlap_seconds: Math.round(number * HOUR_S) };
    onDone(await call<CreatedKey>("POST", keysPath(key.key_id, "rotate"), { ...OF_ALL, body }));
  }
  return (
    <Dialog title={`Rotate ${key.label}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (fits) void action.run(rotate);
        }}
      >
        <p>A new key with the same role and environment takes its place.</p>
        <Field label="The old one stays valid for (hours)" hint="0 to 720: long enough to change it wherever it is used" error={fits ? null : "must be 0 to 720"}>
          <input class="number" inputMode="decimal" value={hours} onInput={(event) => setHours(event.currentTarget.value)} />
        </Field>
        <Wrong problem={action.problem} />
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button class="button main" disabled={!fits || action.busy}>
            Make the new key
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Revoke({ of: key, onClose, onDone }: { of: Key; onClose: () => void; onDone: () => void }) {
  const action = useAction();
  async function revoke(): Promise<void> {
    await call("DELETE", keysPath(key.key_id), OF_ALL);
    onDone();
  }
  return (
    <Dialog title={`Revoke ${key.label}`} onClose={onClose}>
      <p>
        Whatever uses this key is refused, within a minute.
        {key.key_id === me.value?.credential.id && <strong> It is the key that you are signed in with.</strong>}
      </p>
      <Wrong problem={action.problem} />
      <div class="dialog-foot">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger" disabled={action.busy} onClick={() => void action.run(revoke)}>
          Revoke
        </button>
      </div>
    </Dialog>
  );
}
