import { useState } from "preact/hooks";

import { Fingerprint } from "../verify/fingerprint.tsx";
import type { VerifierKey } from "../verify/notes.ts";
import { isOther, isPinned, means, pin, unpin } from "../verify/pins.ts";

/** The key that signed: this house names it. Green comes with the reader's own word that it is the log's. */
export function PinnedKey({ signer }: { signer: VerifierKey }) {
  const [typed, setTyped] = useState("");
  const [differs, setDiffers] = useState(false);
  return (
    <div class="pin">
      <p>
        Signed by <bdi>{signer.name}</bdi>, says this house. Fingerprint (SHA-256 of the key):
        <Fingerprint of={signer} />
      </p>
      {isPinned(signer) ? (
        <p>
          Pinned in this tab.{" "}
          <button type="button" class="link" onClick={() => unpin(signer)}>
            Unpin
          </button>
        </p>
      ) : (
        <form
          onSubmit={async (event) => {
            event.preventDefault();
            const same = await means(typed, signer);
            setDiffers(!same);
            if (same) pin(signer);
          }}
        >
          {isOther(signer) && <p class="bad">You pinned another key of this log.</p>}
          <label class="field">
            <span>Fingerprint or key that you have from elsewhere</span>
            <input spellcheck={false} autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
            <small>A contract, or a page that was published.</small>
          </label>
          {differs && <p class="bad">That is another key: this one did not come from where yours did.</p>}
          <button type="submit" class="button" disabled={typed.trim() === ""}>
            Compare and pin
          </button>{" "}
          <button type="button" class="button" onClick={() => pin(signer)}>
            Pin this key
          </button>
        </form>
      )}
    </div>
  );
}
