import { useState } from "preact/hooks";

import { type Schema, get } from "../api.ts";
import { href } from "../route.ts";
import { ForgetDialog } from "../story/forget.tsx";
import { useAction } from "./answer.ts";
import { Field, Section, Wrong } from "./parts.tsx";

type Found = Schema["ActorPage"]["actors"][number];

/** Operations look somebody up and forget them. */
export function PeoplePage() {
  const [text, setText] = useState("");
  const [found, setFound] = useState<readonly Found[] | null>(null);
  const [open, setOpen] = useState<Found | null>(null);
  const action = useAction();
  async function look(): Promise<void> {
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
      {open && <ForgetDialog person={open} onClose={() => setOpen(null)} onForgotten={() => void action.run(look)} />}
    </Section>
  );
}
