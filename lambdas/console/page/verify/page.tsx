import "./verify.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { useTitle } from "../parts/title.ts";
import { Chosen, Drop } from "./drop.tsx";
import { noKey } from "./no_key.ts";
import { pins } from "./pins.ts";
import { Outcome } from "./outcome.tsx";
import { type Asked, type Files, type Result, run } from "./run.ts";

type Work = { readonly text: string; readonly share: number };

/** `#/verify`: an export or a proof, checked in this browser. It needs no credential, and sends nothing. */
export function VerifyPage() {
  useTitle("Verify");
  const [files, setFiles] = useState<Files>({});
  const [keys, setKeys] = useState(() => pins.value.map(({ line }) => line).join("\n"));
  const [cosigners, setCosigners] = useState("");
  const [work, setWork] = useState<Work | null>(null);
  const [found, setFound] = useState<{ readonly asked: Asked; readonly result: Result } | null>(null);
  const abort = useRef(new AbortController());
  useEffect(() => () => abort.current.abort(), []);

  const asked = { files, keys: linesOf(keys), cosigners: linesOf(cosigners) };
  const isSigned = files.evidence !== undefined || files.proof !== undefined;
  const needsKey = isSigned && asked.keys.length === 0;
  const wrong = noKey(asked.keys);
  const isReady = (files.file !== undefined || files.proof !== undefined) && !needsKey && wrong === null;

  /** A verdict is of what was given when it was asked for: any change takes it away, and stops one under way. */
  function changing<T>(set: (to: T) => void): (to: T) => void {
    return (to) => {
      abort.current.abort();
      setFound(null);
      set(to);
    };
  }

  async function check(): Promise<void> {
    const { signal } = (abort.current = new AbortController());
    setFound(null);
    setWork({ text: "Reading…", share: 0 });
    try {
      const result = await run(asked, (text, share) => setWork({ text, share }), signal);
      if (!signal.aborted) setFound({ asked, result });
    } catch {
      // The reader stopped it.
    } finally {
      setWork(null);
    }
  }

  return (
    <form
      class="verify column"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && work === null) void check();
      }}
    >
      <h1>Verify</h1>
      <p>
        Shows that an export is genuine, and that no event is missing from it. The files are checked in this browser:
        nothing is sent, and no sign-in is needed. Drop the exported file, its evidence and its manifest; or the proof of
        a single event.
      </p>
      <Drop
        disabled={work !== null}
        onFiles={(more) => changing(setFiles)((now) => ({ ...now, ...more }))}
      />
      <Chosen files={files} disabled={work !== null} onChange={changing(setFiles)} />
      <label class="field">
        <span>Key of the log</span>
        <textarea
          rows={2}
          spellcheck={false}
          autocomplete="off"
          value={keys}
          placeholder="daybook/…+1f0c2a3b+AQ…"
          onInput={(event) => changing(setKeys)(event.currentTarget.value)}
        />
        <small>
          A line of the form daybook/…+1f0c2a3b+AQ…, or two. The page Exports shows it in the details of each export with
          evidence. To be sure, take it from a contract or a page that was published: not from the party that you check.
        </small>
      </label>
      {wrong !== null && (
        <p class="error" role="alert">
          {wrong}
        </p>
      )}
      <details class="field">
        <summary>What you have kept yourself</summary>
        <label class="field">
          <span>Cosigners whom you trust</span>
          <textarea
            rows={1}
            spellcheck={false}
            value={cosigners}
            onInput={(event) => changing(setCosigners)(event.currentTarget.value)}
          />
          <small>
            Keys of somebody else than the operator. Checkpoints that <code>daybook-verify monitor</code> kept can be
            dropped above, as one more file.
          </small>
        </label>
      </details>
      <div class="verify-act">
        <button type="submit" class="button main" disabled={!isReady || work !== null}>
          Check
        </button>
        {work !== null && (
          <>
            <progress aria-label="Progress" max={1} value={work.share} />
            <span class="soft">{work.text}</span>
            <button type="button" class="button" onClick={() => abort.current.abort()}>
              Stop
            </button>
          </>
        )}
        {work === null && isSigned && needsKey && <span class="soft">The log&apos;s key is missing.</span>}
      </div>
      <p class="hidden-visually" role="status">
        {found?.result.report.verdict}
      </p>
      {found !== null && <Outcome {...found} />}
    </form>
  );
}

const linesOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
