import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { say } from "../parts/toast.tsx";
import { may, me } from "../session.ts";
import { fullDay, shortDay, zone } from "../zone.ts";
import { meAgain, useAction, useAnswer } from "./answer.ts";
import { Hold } from "./hold.tsx";
import { JobProgress } from "./jobs.tsx";
import { OF_ALL } from "./calls.ts";
import { Field, Section, Waiting, Wrong } from "./parts.tsx";

type Retention = Schema["RetentionDescription"];
type Preview = Schema["RetentionPreview"];

export function RetentionPage() {
  return (
    <>
      <RetentionSetting />
      <Hold />
    </>
  );
}

/** Where the log begins, which everybody may know. */
function Begins() {
  const from = me.value?.retained_from ?? null;
  const since = me.value?.audit_since ?? null;
  const begin = [from, since].filter((each) => each !== null).sort().at(-1);
  if (begin === undefined) return <>Events are kept for ever.</>;
  return <>This log begins {fullDay(Date.parse(begin), zone.value)}.</>;
}

function RetentionSetting() {
  const changes = may("admin", "operations");
  const answer = useAnswer<Retention>(changes ? "settings/retention" : null, OF_ALL);
  const [asked, setAsked] = useState<{ days: number | null; preview: Preview } | null>(null);
  const retention = answer.value;
  if (!changes) {
    return (
      <Section title="Retention">
        <p>
          <Begins /> Retention is set by an admin.
        </p>
      </Section>
    );
  }
  return (
    <Section title="Retention" intro="How long events are kept, in every environment.">
      <Wrong problem={answer.problem} />
      {retention === null && !answer.problem && <Waiting />}
      {retention && (
        <>
          <p class="fact">
            {retention.days === null ? "Events are kept for ever." : <>Events are kept for <strong>{retention.days} days</strong>.</>}{" "}
            {retention.days !== null && <Begins />}
          </p>
          {retention.configurable ? (
            <Choose key={String(retention.days)} retention={retention} onAsked={(days, preview) => setAsked({ days, preview })} />
          ) : (
            <p class="soft">The product fixes this number.</p>
          )}
          {retention.job !== null && <JobProgress key={retention.job} id={retention.job} />}
          {asked && (
            <Confirm
              before={retention.days}
              {...asked}
              onClose={() => setAsked(null)}
              onDone={(after) => {
                setAsked(null);
                answer.set(after);
                say(`Retention is ${inWords(after.days)}`);
                void meAgain();
              }}
            />
          )}
        </>
      )}
    </Section>
  );
}

interface ChooseProps {
  readonly retention: Retention;
  readonly onAsked: (days: number | null, preview: Preview) => void;
}

function Choose({ retention, onAsked }: ChooseProps) {
  const { min_days: least, max_days: most, default_days: usual } = retention;
  const mayBeForEver = usual === null;
  const [text, setText] = useState(String(retention.days ?? most));
  const [forEver, setForEver] = useState(retention.days === null);
  const action = useAction();
  const number = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  const fits = forEver || (number >= least && number <= most);
  const days = forEver ? null : number;
  const isHeld = me.value?.legal_hold === true && days !== null && (retention.days === null || days < retention.days);
  async function ask(): Promise<void> {
    onAsked(days, await call<Preview>("PUT", "settings/retention", { ...OF_ALL, query: { dry_run: "true" }, body: { days } }));
  }
  return (
    <form
      class="retention"
      onSubmit={(event) => {
        event.preventDefault();
        if (fits && !isHeld && days !== retention.days) void action.run(ask);
      }}
    >
      <Field
        label="Days"
        hint={`${least.toLocaleString("en")} to ${most.toLocaleString("en")}${usual === null ? "" : `, usually ${usual.toLocaleString("en")}`}`}
        error={fits ? null : `must be ${least} to ${most}`}
      >
        <div class="pair">
          <input
            class="number"
            inputMode="numeric"
            aria-label="Days"
            aria-invalid={!fits}
            disabled={forEver}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <input
            type="range"
            aria-label="Days, by a slider"
            min={least}
            max={most}
            disabled={forEver}
            value={Number.isNaN(number) ? least : number}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
      </Field>
      {mayBeForEver && (
        <label class="choice">
          <input type="checkbox" checked={forEver} onChange={(event) => setForEver(event.currentTarget.checked)} /> Keep for ever
        </label>
      )}
      {isHeld && <p class="soft">A legal hold is on: the retention can't be shortened.</p>}
      <Wrong problem={action.problem} />
      <button class="button" disabled={!fits || isHeld || days === retention.days || action.busy}>
        {action.busy ? "Counting…" : "Change…"}
      </button>
    </form>
  );
}

interface ConfirmProps {
  readonly before: number | null;
  readonly days: number | null;
  readonly preview: Preview;
  readonly onClose: () => void;
  readonly onDone: (after: Retention) => void;
}

/** What the change does, in a sentence. A shorter retention asks for the number once more. */
function Confirm({ before, days, preview, onClose, onDone }: ConfirmProps) {
  const isShorter = days !== null && (before === null || days < before);
  const [typed, setTyped] = useState("");
  const action = useAction();
  const ready = !isShorter || typed.trim() === String(days);
  return (
    <Dialog title={isShorter ? "Shorten the retention" : "Lengthen the retention"} onClose={onClose}>
      <p>{isShorter ? shortening(before, days, preview) : LENGTHENING(before, days)}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void action.run(async () => onDone(await call<Retention>("PUT", "settings/retention", { ...OF_ALL, body: { days } })));
        }}
      >
        {isShorter && (
          <Field label={`Type ${days} to confirm`}>
            <input class="number" inputMode="numeric" autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
          </Field>
        )}
        <Wrong problem={action.problem} />
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button class={isShorter ? "button danger" : "button main"} disabled={!ready || action.busy}>
            Change to {inWords(days)}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function shortening(before: number | null, days: number, { hides, exact, oldest_after }: Preview): string {
  const change = `Shortening ${before ?? "for ever"} → ${days} days`;
  const edge = oldest_after === null ? "" : ` older than ${shortDay(Date.parse(oldest_after), zone.value)}`;
  const many = hides === null ? "all events" : hides === 1 && exact ? "1 event" : `${exact ? "" : "at least "}${hides.toLocaleString("en")} events`;
  if (hides === 0 && exact) return `${change} hides no event now: there is none${edge}. Events will be deleted earlier from now on.`;
  return `${change} hides ${many}${edge} now. They are deleted from tomorrow on; this cannot be undone then.`;
}

const LENGTHENING = (before: number | null, days: number | null): string =>
  `Lengthening ${before ?? "for ever"} → ${inWords(days)} brings nothing back that is deleted. What is stored now is kept longer.`;

function inWords(days: number | null): string {
  return days === null ? "for ever" : `${days} days`;
}
