import { useState } from "preact/hooks";

import { CopyButton } from "../parts/copy.tsx";
import { say } from "../parts/toast.tsx";
import { quoted } from "../parts/shell.ts";
import { type Address, type Export, addresses, failure, follow } from "./exports.ts";

/** A browser drops a download that another one begins too soon after. */
const APART_MS = 1_000;

/** All files of an export at once: as downloads, or as the commands that fetch them elsewhere. */
export function FetchAll({ each }: { each: Export }) {
  const [commands, setCommands] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const files = each.evidence === "ready" ? "File, manifest and evidence" : "File and manifest";

  async function withAddresses(act: (found: readonly Address[]) => unknown): Promise<void> {
    setBusy(true);
    try {
      await act(await addresses(each.id));
    } catch (error) {
      say(failure(error));
    }
    setBusy(false);
  }

  return (
    <>
      <button type="button" class="button" disabled={busy} onClick={() => void withAddresses(downloadAll)}>
        {files}
      </button>{" "}
      <button type="button" class="link" disabled={busy} onClick={() => void withAddresses((found) => setCommands(curl(found)))}>
        with curl
      </button>
      {commands !== null && (
        <>
          <pre class="export-commands" tabIndex={0}>
            {commands}
          </pre>
          <CopyButton text={() => commands} what="Commands" label="Copy commands" />{" "}
          <span class="soft">The addresses are good for an hour, for whoever has them.</span>
        </>
      )}
    </>
  );
}

async function downloadAll(found: readonly Address[]): Promise<void> {
  for (const [at, { url }] of found.entries()) {
    if (at > 0) await new Promise((resolve) => setTimeout(resolve, APART_MS));
    follow(url);
  }
}

function curl(found: readonly Address[]): string {
  return found.map(({ name, url }) => `curl --fail --output ${quoted(name)} ${quoted(url)}`).join("\n");
}
