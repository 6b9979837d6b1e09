import "./exports.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem } from "../api.ts";
import { type Count, inWords } from "../log/counts.ts";
import { hidesOwn } from "../log/home.ts";
import { viewOf } from "../log/reading.ts";
import { Dialog } from "../parts/dialog.tsx";
import { say } from "../parts/toast.tsx";
import { type Question, withoutFilter } from "../query.ts";
import { go, href } from "../route.ts";
import { me } from "../session.ts";
import { OWN_ZONE, zone } from "../zone.ts";
import { askFor } from "./exports.ts";
import { useNames } from "./names.ts";
import { ownersOf, questionInWords, sortInWords, viewInWords, zoneInWords } from "./words.ts";

type Format = "csv" | "ndjson";

interface Props {
  readonly question: Question;
  /** Null where nobody has counted them. */
  readonly rows: Count | null;
  readonly onClose: () => void;
}

/** What is on screen as a file: said in words before it is asked for. */
export function ExportDialog({ question: shown, rows: counted, onClose }: Props) {
  const [withOwn, setWithOwn] = useState(false);
  const [only] = shown.filters.length === 1 ? shown.filters : [];
  const own = only && hidesOwn(only) ? only : null;
  const question = withOwn && own ? withoutFilter(shown, own) : shown;
  const rows = question === shown ? counted : null;
  const named = useNames(question);
  const [format, setFormat] = useState<Format>("csv");
  const [view, setView] = useState(viewOf(question));
  const [times, setTimes] = useState(zone.value);
  const [mark, setMark] = useState(false);
  const [evidence, setEvidence] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [waiting, setWaiting] = useState(false);
  const why = whyNoEvidence(question, format, view);
  const isGone = useRef(false);
  useEffect(() => () => void (isGone.current = true), []);

  async function ask(): Promise<void> {
    setWaiting(true);
    try {
      const more = { format, view, tz: times, mark: mark && format === "csv", evidence: evidence && why === null };
      const made = await askFor(question, more);
      if (isGone.current) return;
      onClose();
      say("Export asked for");
      go(href("exports", [made.id]));
    } catch (error) {
      setWaiting(false);
      setFailure(error instanceof Problem ? error.detail : "The service was not reached. Nothing was asked for.");
    }
  }

  return (
    <Dialog title="Export" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <p class="export-sentence">
          <bdi>{questionInWords(question, times, named)}</bdi>, {sortInWords(question.sort)}, {viewInWords(view)},{" "}
          {zoneInWords(times)}
          {rows !== null && <b>: {inWords(rows, "row")}</b>}
        </p>
        <div class="export-choices">
          <label class="field">
            <span>Format</span>
            <select value={format} onChange={(event) => setFormat(event.currentTarget.value as Format)}>
              <option value="csv">CSV, a table</option>
              <option value="ndjson">NDJSON, one JSON object a line</option>
            </select>
          </label>
          <label class="field">
            <span>Columns</span>
            <select value={view} onChange={(event) => setView(event.currentTarget.value)}>
              {viewsOf(view).map((name) => (
                <option key={name} value={name}>
                  {name === "native" ? "Every field" : name === me.value?.view ? ownersOf(me.value.name ?? name) : name}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span>Times</span>
            <select value={times} onChange={(event) => setTimes(event.currentTarget.value)}>
              {[...new Set([zone.value, OWN_ZONE, "UTC"])].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </div>
        <label class="export-option">
          <input
            type="checkbox"
            checked={mark && format === "csv"}
            disabled={format !== "csv"}
            onChange={(event) => setMark(event.currentTarget.checked)}
          />
          <span>
            For Excel on Windows
            <small>The file begins with a mark that says it is UTF-8.</small>
          </span>
        </label>
        <label class="export-option">
          <input
            type="checkbox"
            checked={evidence && why === null}
            disabled={why !== null}
            onChange={(event) => setEvidence(event.currentTarget.checked)}
          />
          <span>
            With evidence
            <small>
              {why ??
                (question.filters.length
                  ? "A further file proves that each row is what was recorded. Takes two minutes or so."
                  : "A further file proves each row, and that none is missing. Takes two minutes or so.")}
            </small>
          </span>
        </label>
        {why === null && own && !withOwn && (
          <p class="export-own">
            Daybook&apos;s own records are left out, so the evidence can&apos;t show that no row is missing.{" "}
            <button type="button" class="link" onClick={() => setWithOwn(true)}>
              Export them too
            </button>
          </p>
        )}
        {failure !== null && (
          <p class="error" role="alert">
            {failure}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={waiting}>
            Export
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function viewsOf(shown: string): string[] {
  return [...new Set([me.value?.view ?? "native", shown, "native", "generic"])];
}

/** Null: the export can have evidence. */
function whyNoEvidence(question: Question, format: Format, view: string): string | null {
  if (!/^-?occurred_at$/.test(question.sort)) return "Only for exports in the order of time.";
  if (format === "csv" && view !== me.value?.view) return "For CSV only in the tenant's own columns.";
  if (format === "ndjson" && view !== "native") return "For NDJSON only with every field.";
  return null;
}
