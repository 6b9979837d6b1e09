import { useEffect, useState } from "preact/hooks";

import { Problem } from "../api.ts";
import type { Export } from "../exports/exports.ts";
import { CopyButton } from "../parts/copy.tsx";
import { href } from "../route.ts";
import { commandFor } from "../verify/command.ts";
import { MAX_FILE } from "../verify/export.ts";
import { isExported, readLogs } from "./logs.ts";

/** Facts of an export that has evidence: the key that it is checked with, and how. */
export function ToVerify({ each }: { each: Export }) {
  const keys = useKeys(each.environment);
  const evidence = `${each.filename}.evidence.ndjson`;
  const files = { file: { name: each.filename }, evidence: { name: evidence } };
  const command = commandFor({ files, keys: Array.isArray(keys) ? keys : [], cosigners: [] });
  return (
    <>
      <dt>Key of the log</dt>
      <dd>
        {keys === null || keys instanceof Problem ? (
          <span class="soft">{keys === null ? "Reading…" : keys.detail}</span>
        ) : (
          <>
            {keys.map((line) => (
              <div key={line}>
                <code>{line}</code>
              </div>
            ))}
            <CopyButton text={() => keys.join("\n")} what="Key of the log" />{" "}
            <span class="soft">
              Whoever checks the file needs it. Give it to them once, apart from the file: in a contract, say.
            </span>
          </>
        )}
      </dd>
      <dt>To verify</dt>
      <dd>
        {each.bytes > MAX_FILE ? (
          "The file is too large for a browser. Download it and its evidence, and run"
        ) : (
          <>
            Download the file and its evidence, drop both on <a href={href("verify")}>Verify</a>, and paste the key. Or run
          </>
        )}
        <pre>{command}</pre>
        <CopyButton text={() => command} what="Command" label="Copy command" />
      </dd>
    </>
  );
}

/** First those that sign the log's heads, then those that date them; null until they are read. */
function useKeys(environment: string): string[] | Problem | null {
  const [keys, setKeys] = useState<string[] | Problem | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    readLogs({ signal: abort.signal })
      .then((logs) => setKeys([...new Set(logs.filter((log) => isExported(log, environment)).flatMap(({ key }) => key))]))
      .catch((error) => error instanceof Problem && setKeys(error));
    return () => abort.abort();
  }, [environment]);
  return keys;
}
