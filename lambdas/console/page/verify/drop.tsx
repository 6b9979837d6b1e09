import { Fragment } from "preact";
import { useState } from "preact/hooks";

import { kindOf, type Kind } from "./files.ts";
import type { Files } from "./run.ts";

const NAMES: Readonly<Record<Kind, string>> = {
  file: "Exported file",
  evidence: "Evidence",
  manifest: "Manifest",
  kept: "Checkpoints that you kept",
  proof: "Proof of an event",
};

/** Takes files by dropping or choosing them. `onFiles` gets them by what they are. */
export function Drop({ disabled, onFiles }: { disabled: boolean; onFiles: (files: Files) => void }) {
  const [over, setOver] = useState(false);

  async function take(files: readonly File[]): Promise<void> {
    const found: Partial<Record<Kind, File>> = {};
    for (const file of files) found[await kindOf(file)] = file;
    onFiles(found);
  }

  return (
    <label
      class={over ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!disabled) void take([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <span>
        Drop files here, or <span class="drop-choose">choose them</span>
      </span>
      <input
        type="file"
        multiple
        disabled={disabled}
        onChange={(event) => {
          // A copy: the list goes empty with the field, so that the same file can be chosen again.
          void take([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

/** Which files there are, and which one is missing. */
export function Chosen(props: { files: Files; disabled: boolean; onChange: (files: Files) => void }) {
  const { files } = props;
  const isProof = files.proof !== undefined;
  const wanted: readonly Kind[] = isProof ? ["proof"] : ["file", "evidence", "manifest"];
  const shown = [...wanted, ...(files.kept === undefined ? [] : (["kept"] as const))];
  return (
    <dl class="facts chosen">
      {shown.map((kind) => (
        <Fragment key={kind}>
          <dt>{NAMES[kind]}</dt>
          <dd>{files[kind] ? <OneFile kind={kind} file={files[kind]} {...props} /> : <Missing kind={kind} />}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

function OneFile({ kind, file, files, disabled, onChange }: Parameters<typeof Chosen>[0] & { kind: Kind; file: File }) {
  return (
    <>
      <bdi>{file.name}</bdi> <span class="soft">{sizeOf(file.size)}</span>{" "}
      <button
        type="button"
        class="link"
        disabled={disabled}
        aria-label={`Remove ${NAMES[kind].toLowerCase()}`}
        onClick={() => {
          const { [kind]: _, ...rest } = files;
          onChange(rest);
        }}
      >
        remove
      </button>
    </>
  );
}

const WHY: Readonly<Partial<Record<Kind, string>>> = {
  file: "the .csv or .ndjson as it was downloaded",
  evidence: "….evidence.ndjson: without it nothing can be proved",
  manifest: "….manifest.json: may be left out, the evidence has it too",
};

const Missing = ({ kind }: { kind: Kind }) => <span class="soft">— {WHY[kind]}</span>;

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${Math.round(kilobytes)} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}
