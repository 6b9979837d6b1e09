import { CopyButton } from "../parts/copy.tsx";
import { commandFor } from "./command.ts";
import { Fingerprint } from "./fingerprint.tsx";
import type { Kind, Verdict } from "./report.ts";
import { secondsInUtc } from "./rows/times.ts";
import type { Asked, Result } from "./run.ts";

const SIGNS: Readonly<Record<Verdict, readonly [sign: string, tone: string, text: string]>> = {
  genuine: ["✓", "good", "Genuine"],
  "not genuine": ["✗", "bad", "Not genuine"],
  "could not tell": ["?", "warn", "Could not tell"],
};

const WORDS: Readonly<Record<Kind, readonly [sign: string, tone: string, word: string]>> = {
  ok: ["✓", "good", "shown"],
  note: ["·", "soft", "to know"],
  bad: ["✗", "bad", "wrong"],
  unknown: ["?", "warn", "open"],
};

/** What was found: the answer in four lines, each finding, and the command that finds the same. */
export function Outcome({ asked, result }: { asked: Asked; result: Result }) {
  const { report, signed } = result;
  const [sign, tone, text] = SIGNS[report.verdict];
  return (
    <section class="outcome" aria-label="Result">
      <h2 class={`verdict ${tone}`}>
        <span aria-hidden="true">{sign}</span> {text}
      </h2>
      {report.verdict === "genuine" && signed !== null && <Answer result={result} />}
      <ul class="findings">
        {report.findings.map(({ kind, text: finding }) => (
          <li key={finding}>
            <span class={`finding-sign ${WORDS[kind][1]}`} aria-hidden="true">
              {WORDS[kind][0]}
            </span>
            <span class="hidden-visually">{WORDS[kind][2]}: </span>
            <bdi>{finding}</bdi>
          </li>
        ))}
      </ul>
      <p>
        This page comes from the party that is being checked. To be sure, run the same on a machine of your own:
      </p>
      <pre class="command">{commandFor(asked)}</pre>
      <CopyButton text={() => commandFor(asked)} what="Command" label="Copy command" />
    </section>
  );
}

function Answer({ result: { report, signed } }: { result: Result }) {
  if (signed === null) return null;
  const { exported } = report;
  const key = signed.signatures.find(({ time }) => time === null)?.key;
  const dated = signed.signatures.filter(({ time }) => time !== null).sort((a, b) => a.time! - b.time!)[0];
  return (
    <dl class="facts chosen">
      {exported !== null && (
        <>
          <dt>Rows</dt>
          <dd>{Number(exported["rows"]).toLocaleString("en")}, each as it was recorded</dd>
          <dt>Missing</dt>
          <dd>{report.complete ? "none of the span" : "not said: the export was filtered"}</dd>
          <dt>Of</dt>
          <dd>
            <bdi>{String(exported["tenant"])}</bdi>, {String(exported["environment"])}, {spanIn(exported)}
          </dd>
        </>
      )}
      <dt>Signed by</dt>
      <dd>
        <bdi>{key?.name}</bdi>
        {key && <Fingerprint of={key} />}
      </dd>
      <dt>As of</dt>
      <dd>
        {signed.checkpoint.size.toLocaleString("en")} entries of the log
        {dated && `, ${secondsInUtc(new Date(dated.time! * 1000).toISOString())} by the clock of ${dated.key.name}`}
      </dd>
    </dl>
  );
}

function spanIn(exported: Readonly<Record<string, unknown>>): string {
  const until = exported["to"] === null ? `received by ${String(exported["received_until"])}` : String(exported["to"]);
  return `${String(exported["from"])} to ${until}`;
}
