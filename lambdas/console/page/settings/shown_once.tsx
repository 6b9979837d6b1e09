import { useState } from "preact/hooks";

import { copy } from "../parts/copy.tsx";
import { Dialog } from "../parts/dialog.tsx";
import type { CreatedKey } from "./calls.ts";

/** A new key: nothing ever shows it again, so the dialog wants to hear that it is copied. */
export function ShownOnce({ created, onClose }: { created: CreatedKey; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog title={`The new key: ${created.label}`} onClose={() => copied && onClose()}>
      <p>This is the only time that the key is shown.</p>
      <pre tabIndex={0} class="once">
        {created.key}
      </pre>
      <button type="button" class="button" onClick={() => void copy(created.key, "Key")}>
        Copy the key
      </button>
      <label class="choice copied">
        <input type="checkbox" checked={copied} onChange={(event) => setCopied(event.currentTarget.checked)} /> I have copied it
      </label>
      <div class="dialog-foot">
        <button type="button" class="button main" disabled={!copied} onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
