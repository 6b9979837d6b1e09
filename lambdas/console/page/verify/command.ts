/** The command that verifies the same files without this page. */

import { quoted } from "../parts/shell.ts";
import type { Kind } from "./files.ts";

export interface Given {
  readonly files: Readonly<Partial<Record<Kind, { readonly name: string }>>>;
  readonly keys: readonly string[];
  readonly cosigners: readonly string[];
}

export function commandFor({ files, keys, cosigners }: Given): string {
  const { file, evidence, kept, proof } = files;
  const what = proof ? ["proof", quoted(proof.name)] : ["export", quoted(file?.name ?? "AuditLogs.csv")];
  return [
    "daybook-verify",
    ...what,
    ...(proof ? [] : ["--evidence", quoted(evidence?.name ?? `${file?.name ?? "AuditLogs.csv"}.evidence.ndjson`)]),
    ...(keys.length > 0 ? keys : ["<the log's key>"]).flatMap((line) => ["--key", quoted(line)]),
    ...cosigners.flatMap((line) => ["--cosigner", quoted(line)]),
    ...(kept ? ["--kept", quoted(kept.name)] : []),
  ].join(" ");
}
