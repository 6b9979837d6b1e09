import { useState } from "preact/hooks";

import { type Answer, Problem, call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { href } from "../route.ts";
import { environment } from "../session.ts";
import type { NamedActor } from "./people.ts";

type Report = Answer<"forget_person">;

interface Props {
  readonly person: NamedActor;
  readonly onClose: () => void;
  readonly onForgotten: () => void;
}

/** Forgetting cannot be undone: the reader types the name, and is told what remains. */
export function ForgetDialog({ person, onClose, onForgotten }: Props) {
  const [typed, setTyped] = useState("");
  const [everywhere, setEverywhere] = useState(false);
  const [report, setReport] = useState<Report | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function forget(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      setReport(await call<Report>("POST", `actors/${encodeURIComponent(everywhere ? person.username : person.id)}/forget`, { inEnvironment: !everywhere }));
    } catch (error) {
      setProblem(error instanceof Problem ? error.detail : "The service could not be reached.");
    }
    setBusy(false);
  }

  if (report)
    return (
      <Dialog title="Forgotten" onClose={done}>
        <Remains report={report} />
        <div class="dialog-foot">
          <button type="button" class="button main" onClick={done}>
            Close
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog title="Forget this person" onClose={onClose}>
      <p>
        Their username, name, address, address of mail and agent are erased from every event, for good. The events stay, under an
        id that says nothing, and their proofs still hold.
      </p>
      <p>
        What remains: exports that have not expired, which are listed afterwards; what streams have already received; and
        what others wrote about them in free text that Daybook could not tell was theirs.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void forget();
        }}
      >
        <label class="field">
          <span>
            Type <bdi>{person.username}</bdi> to confirm
          </span>
          <input value={typed} autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <label>
          <input type="checkbox" checked={everywhere} onChange={(event) => setEverywhere(event.currentTarget.checked)} /> In every
          environment, not only in {environment.value}
        </label>
        {problem !== null && (
          <p class="error" role="alert">
            {problem}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button danger" disabled={busy || typed !== person.username}>
            Forget
          </button>
        </div>
      </form>
    </Dialog>
  );

  function done(): void {
    onClose();
    onForgotten();
  }
}

function Remains({ report }: { report: Report }) {
  const exports = report.exports_not_expired;
  return (
    <>
      <ul>
        {report.forgotten.map((one) => (
          <li key={one.environment}>
            Forgotten in {one.environment}: <a href={href("event", [one.event_id])}>the record of it</a>
          </li>
        ))}
      </ul>
      <p>Reads may show the names for half a minute more.</p>
      <p>
        {exports.length
          ? "These exports may still name them until they expire:"
          : "No export that has not expired was made before."}
      </p>
      {exports.length > 0 && (
        <ul>
          {exports.map((id) => (
            <li key={id}>
              <a href={href("exports", [id])}>{id}</a>
            </li>
          ))}
        </ul>
      )}
      {report.disclosures.length > 0 && (
        <p>{report.disclosures.length.toLocaleString("en")} proofs have disclosed keys of theirs before.</p>
      )}
    </>
  );
}
