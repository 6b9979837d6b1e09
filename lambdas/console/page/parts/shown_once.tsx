import "./shown_once.css";

import { useState } from "preact/hooks";

import { CopyButton } from "./copy.tsx";
import { Dialog } from "./dialog.tsx";

interface Props {
  readonly title: string;
  /** A secret that nobody can show again. */
  readonly secret: string;
  /** What it is: "API key". */
  readonly what: string;
  readonly onClose: () => void;
}

/** Shows a secret once. It closes only when the reader says that they have it. */
export function ShownOnce({ title, secret, what, onClose }: Props) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog title={title} onClose={() => copied && onClose()}>
      <p>This {what} is shown now and never again.</p>
      <p class="shown-once">
        <code>{secret}</code>
        <CopyButton text={() => secret} what={what} />
      </p>
      <label class="shown-once-check">
        <input type="checkbox" checked={copied} onChange={(event) => setCopied(event.currentTarget.checked)} /> I have
        copied it
      </label>
      <div class="dialog-foot">
        <button type="button" class="button main" disabled={!copied} onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
