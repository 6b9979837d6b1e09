import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { say } from "../parts/toast.tsx";
import { href } from "../route.ts";
import { may } from "../session.ts";
import { faultOf, useAction, useAnswer } from "./answer.ts";
import { People } from "./members.tsx";
import { Field, Section, Waiting, Wrong } from "./parts.tsx";

type Group = Schema["GroupDescription"];

export function GroupsPage() {
  const answer = useAnswer<Schema["GroupList"]>("groups");
  const changes = may("admin", "operations");
  const [open, setOpen] = useState<string | null>(null);
  const groups = answer.value?.groups;
  return (
    <Section
      title="Groups"
      intro="People who are searched for together. A group has people and not names, so a renaming takes nobody out."
      actions={
        changes && (
          <button type="button" class="button" onClick={() => setOpen("")}>
            New group…
          </button>
        )
      }
    >
      <Wrong problem={answer.problem} />
      {!groups && !answer.problem && <Waiting />}
      {groups?.length === 0 && <p>There are no groups yet.</p>}
      {!changes && <p class="soft">Groups are set by an admin.</p>}
      {!!groups?.length && (
        <table class="plain-table">
          <tbody>
            {groups.map(({ name }) => (
              <tr key={name}>
                <th scope="row">
                  <bdi>{name}</bdi>
                </th>
                <td class="ends">
                  <a href={href("log", [], new URLSearchParams({ group: name }))}>What they did</a>{" "}
                  <button type="button" class="link" onClick={() => setOpen(name)} aria-label={`${changes ? "Change" : "Show"} ${name}`}>
                    {changes ? "Change" : "Members"}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {open !== null && (
        <Edit
          name={open}
          changes={changes}
          onClose={() => setOpen(null)}
          onDone={(told) => {
            setOpen(null);
            answer.again();
            say(told);
          }}
        />
      )}
    </Section>
  );
}

interface EditProps {
  /** Empty: a new one. */
  readonly name: string;
  readonly changes: boolean;
  readonly onClose: () => void;
  readonly onDone: (told: string) => void;
}

function Edit({ name, changes, onClose, onDone }: EditProps) {
  const answer = useAnswer<Group>(name ? `groups/${encodeURIComponent(name)}` : null);
  const [called, setCalled] = useState(name);
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const action = useAction();
  const members = chosen ?? answer.value?.members ?? (name ? null : []);
  async function save(): Promise<void> {
    await call<Group>("PUT", `groups/${encodeURIComponent(called.trim())}`, { body: { members } });
    onDone(`${called.trim()} is saved`);
  }
  async function remove(): Promise<void> {
    await call("DELETE", `groups/${encodeURIComponent(name)}`);
    onDone(`${name} is removed`);
  }
  return (
    <Dialog title={name || "New group"} onClose={onClose}>
      <Wrong problem={answer.problem} />
      {members === null && !answer.problem && <Waiting />}
      {members !== null && !changes && (
        <ul>
          {members.map((member) => (
            <li key={member}>
              <bdi>{member}</bdi>
            </li>
          ))}
        </ul>
      )}
      {members !== null && changes && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void action.run(save);
          }}
        >
          {!name && (
            <Field label="Name" error={faultOf(action.problem, "name")}>
              <input required maxLength={128} value={called} onInput={(event) => setCalled(event.currentTarget.value)} />
            </Field>
          )}
          <People label={`Members (${members.length.toLocaleString("en")})`} names={members} onChange={setChosen} />
          {faultOf(action.problem, "members") ? <p class="error">{faultOf(action.problem, "members")}</p> : <Wrong problem={action.problem} />}
          <div class="dialog-foot">
            {name && (
              <button type="button" class="button danger first" disabled={action.busy} onClick={() => void action.run(remove)}>
                Remove the group
              </button>
            )}
            <button type="button" class="button" onClick={onClose}>
              Cancel
            </button>
            <button class="button main" disabled={!called.trim() || action.busy}>
              Save
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
