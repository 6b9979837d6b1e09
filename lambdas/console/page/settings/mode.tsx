import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { catalogue, readCatalogue } from "../catalogue.ts";
import { Dialog } from "../parts/dialog.tsx";
import { say } from "../parts/toast.tsx";
import { useAction, useAnswer } from "./answer.ts";
import { Wrong } from "./parts.tsx";

type Name = "open" | "strict";

const WORDS: Readonly<Record<Name, string>> = {
  open: "Open: activities that the catalogue lacks are stored, in the category other.",
  strict: "Strict: activities that the catalogue lacks are refused.",
};

export function Mode({ mode, changes }: { mode: Name; changes: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <p class="fact">
      {WORDS[mode]}{" "}
      {changes && (
        <button type="button" class="link" onClick={() => setOpen(true)}>
          {mode === "open" ? "Make it strict" : "Open it"}
        </button>
      )}
      {open && <Change to={mode === "open" ? "strict" : "open"} onClose={() => setOpen(false)} />}
    </p>
  );
}

/** Before it becomes strict: which activities of the last 7 days would have been refused. */
function Change({ to, onClose }: { to: Name; onClose: () => void }) {
  const action = useAction();
  const query = { by: "activity", category: "other", range: "7d", interval: "none" };
  const others = useAnswer<Schema["Stats"]>(to === "strict" ? "stats" : null, { query });
  const known = new Set(catalogue.value?.activities.map((activity) => activity.activity));
  const refused = others.value?.buckets.filter((bucket) => !known.has(String(bucket.key))) ?? null;
  async function change(): Promise<void> {
    await call("PUT", "settings/catalogue", { inEnvironment: false, body: { mode: to } });
    await readCatalogue();
    onClose();
    say(`The catalogue is ${to}`);
  }
  return (
    <Dialog title={to === "strict" ? "Make the catalogue strict" : "Open the catalogue"} onClose={onClose}>
      <p>{WORDS[to]} It holds for events from now on, in every environment.</p>
      <Wrong problem={others.problem} />
      {to === "strict" && refused === null && !others.problem && <p class="soft">Counting what it would have refused…</p>}
      {refused !== null && refused.length === 0 && <p class="good">It would have refused nothing in the last 7 days.</p>}
      {!!refused?.length && (
        <>
          <p>
            In the last 7 days it would have refused{" "}
            <strong>{refused.reduce((sum, bucket) => sum + bucket.count, 0).toLocaleString("en")} events</strong> of{" "}
            {refused.length.toLocaleString("en")} activities:
          </p>
          <table class="plain-table">
            <tbody>
              {refused.slice(0, 20).map((bucket) => (
                <tr key={String(bucket.key)}>
                  <th scope="row">
                    <code>{bucket.key}</code>
                  </th>
                  <td class="ends">{bucket.count.toLocaleString("en")}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {refused.length > 20 && <p class="soft">and {(refused.length - 20).toLocaleString("en")} more</p>}
        </>
      )}
      <Wrong problem={action.problem} />
      <div class="dialog-foot">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class={to === "strict" ? "button danger" : "button main"} disabled={action.busy} onClick={() => void action.run(change)}>
          {to === "strict" ? "Make it strict" : "Open it"}
        </button>
      </div>
    </Dialog>
  );
}
