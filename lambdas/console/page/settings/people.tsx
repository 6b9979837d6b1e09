import { useState } from "preact/hooks";

import { type Schema, call, get } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { href } from "../route.ts";
import { me } from "../session.ts";
import { useAction } from "./answer.ts";
import { Field, Section, Wrong } from "./parts.tsx";

type Found = Schema["ActorPage"]["actors"][number];
type Report = Schema["ForgettingReport"];

/** Operations look somebody up and forget them. */
export function PeoplePage() {
  const [text, setText] = useState("");
  const [found, setFound] = useState<readonly Found[] | null>(null);
  const [open, setOpen] = useState<Found | null>(null);
  const [report, setReport] = useState<Report | null>(null);
  const action = useAction();
  async function look(): Promise<void> {
    setReport(null);
    setFound((await get<Schema["ActorPage"]>("actors", { query: { q: text.trim(), limit: "50" }, once: true })).actors);
  }
  return (
    <Section
      title="People"
      intro="Forgetting a person deletes the key of their names and addresses. Events stay as they are and show a number in place of the name; proofs hold."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) void action.run(look);
        }}
      >
        <Field label="Username or name" hint="The beginning of any word of it.">
          <div class="pair">
            <input value={text} spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
            <button class="button" disabled={!text.trim() || action.busy}>
              Look
            </button>
          </div>
        </Field>
      </form>
      <Wrong problem={action.problem} />
      {found?.length === 0 && <p>Nobody has such a name.</p>}
      {!!found?.length && (
        <table class="plain-table">
          <tbody>
            {found.map((one) => (
              <tr key={one.id}>
                <th scope="row">
                  <bdi>{one.username}</bdi> {one.forgotten && <span class="mark">forgotten</span>}
                  {one.name !== null && <bdi class="soft"> {one.name}</bdi>}
                  <div class="mono soft">{one.id}</div>
                </th>
                <td class="ends">
                  <a href={href("log", [], new URLSearchParams({ actor: one.id }))}>What they did</a>{" "}
                  {!one.forgotten && (
                    <button type="button" class="link" aria-label={`Forget ${one.username}`} onClick={() => setOpen(one)}>
                      Forget
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {report && <Told report={report} />}
      {open && (
        <Forget
          person={open}
          onClose={() => setOpen(null)}
          onDone={(told) => {
            setOpen(null);
            setFound(null);
            setReport(told);
          }}
        />
      )}
    </Section>
  );
}

/** Asks for the username once more, and says what the forgetting does not reach. */
export function Forget(props: { person: Pick<Found, "id" | "username">; onClose: () => void; onDone: (report: Report) => void }) {
  const { id, username } = props.person;
  const [typed, setTyped] = useState("");
  const action = useAction();
  async function forget(): Promise<void> {
    props.onDone(await call<Report>("POST", `actors/${encodeURIComponent(id)}/forget`));
  }
  return (
    <Dialog title="Forget a person" onClose={props.onClose}>
      <p>
        <bdi>
          <strong>{username}</strong>
        </bdi>{" "}
        is forgotten in {me.value?.name}. It cannot be undone.
      </p>
      <p class="soft">What remains: exports that have been downloaded, what a stream has received, and names in texts that no sender declared.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() === username) void action.run(forget);
        }}
      >
        <Field label={`Type ${username} to confirm`}>
          <input autocomplete="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        </Field>
        <Wrong problem={action.problem} />
        <div class="dialog-foot">
          <button type="button" class="button" onClick={props.onClose}>
            Cancel
          </button>
          <button class="button danger" disabled={typed.trim() !== username || action.busy}>
            Forget
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Told({ report }: { report: Report }) {
  return (
    <div role="status">
      {report.forgotten.map((one) => (
        <p key={one.event_id} class="good">
          Forgotten in {one.environment}: <code>{one.actor_id}</code>{" "}
          <a href={href("event", [one.event_id])}>the record</a>
        </p>
      ))}
      {report.exports_not_expired.length > 0 && (
        <p>
          {report.exports_not_expired.length.toLocaleString("en")} exports from before have not expired; they may hold the name.{" "}
          <a href={href("exports")}>Exports</a>
        </p>
      )}
      {report.disclosures.length > 0 && <p>Keys of this person were disclosed with {report.disclosures.length.toLocaleString("en")} proofs.</p>}
    </div>
  );
}
