import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { say } from "../parts/toast.tsx";
import { href } from "../route.ts";
import { may, me } from "../session.ts";
import { clock, fullDay, zone } from "../zone.ts";
import { faultOf, meAgain, useAction, useAnswer } from "./answer.ts";
import { OF_ALL } from "./calls.ts";
import { Field, Section, Waiting, Wrong } from "./parts.tsx";

type HoldDescription = Schema["HoldDescription"];

const MAX_REASON = 1000;

export function Hold() {
  const changes = may("admin", "operations");
  const answer = useAnswer<HoldDescription>(changes ? "settings/legal-hold" : null, OF_ALL);
  const [open, setOpen] = useState<"set" | "lift" | null>(null);
  const hold = answer.value;
  if (!changes) {
    return (
      <Section title="Legal hold">
        <p>{me.value?.legal_hold ? "A legal hold is on: nothing expires." : "No legal hold is on."}</p>
      </Section>
    );
  }
  return (
    <Section title="Legal hold" intro="While a hold is on, nothing expires, and the log begins where it began when the hold was set.">
      <Wrong problem={answer.problem} />
      {hold === null && !answer.problem && <Waiting />}
      {hold && !hold.active && (
        <button type="button" class="button" onClick={() => setOpen("set")}>
          Put a hold on…
        </button>
      )}
      {hold?.active && <Active hold={hold} onChange={() => setOpen("set")} onLift={() => setOpen("lift")} />}
      {open === "set" && (
        <SetHold
          reason={hold?.reason ?? ""}
          onClose={() => setOpen(null)}
          onDone={(after) => {
            setOpen(null);
            answer.set(after);
            say("The legal hold is on");
            void meAgain();
          }}
        />
      )}
      {open === "lift" && (
        <Lift
          onClose={() => setOpen(null)}
          onDone={() => {
            setOpen(null);
            answer.again();
            say("The legal hold is lifted");
            void meAgain();
          }}
        />
      )}
    </Section>
  );
}

function Active({ hold, onChange, onLift }: { hold: HoldDescription; onChange: () => void; onLift: () => void }) {
  const since = Date.parse(hold.since ?? "");
  const record = new URLSearchParams({ activity: "audit-log.legal-hold-set" });
  return (
    <>
      <dl class="facts">
        <dt>Reason</dt>
        <dd>
          <bdi>{hold.reason}</bdi>
        </dd>
        <dt>Since</dt>
        <dd>
          {fullDay(since, zone.value)}, {clock(since, zone.value)}
        </dd>
        <dt>By</dt>
        <dd>
          <a href={href("log", [], record)}>see the record</a>
        </dd>
      </dl>
      <div class="row">
        <button type="button" class="button" onClick={onChange}>
          Change the reason…
        </button>
        <button type="button" class="button danger" onClick={onLift}>
          Lift the hold…
        </button>
      </div>
    </>
  );
}

interface SetProps {
  readonly reason: string;
  readonly onClose: () => void;
  readonly onDone: (hold: HoldDescription) => void;
}

function SetHold({ reason, onClose, onDone }: SetProps) {
  const [text, setText] = useState(reason);
  const action = useAction();
  return (
    <Dialog title={reason ? "Change the reason" : "Put a legal hold on"} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(async () => onDone(await call("PUT", "settings/legal-hold", { ...OF_ALL, body: { reason: text.trim() } })));
        }}
      >
        <Field label="Reason" hint="Every admin sees it, and the log records it." error={faultOf(action.problem, "reason")}>
          <textarea rows={3} maxLength={MAX_REASON} required value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </Field>
        {!faultOf(action.problem, "reason") && <Wrong problem={action.problem} />}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button class="button main" disabled={!text.trim() || action.busy}>
            {reason ? "Change" : "Put the hold on"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Lift({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const action = useAction();
  async function lift(): Promise<void> {
    await call("DELETE", "settings/legal-hold", OF_ALL);
    onDone();
  }
  return (
    <Dialog title="Lift the legal hold" onClose={onClose}>
      <p>Events that have left the retention meanwhile are hidden at once. They are deleted from tomorrow on.</p>
      <Wrong problem={action.problem} />
      <div class="dialog-foot">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger" disabled={action.busy} onClick={() => void action.run(lift)}>
          Lift the hold
        </button>
      </div>
    </Dialog>
  );
}
