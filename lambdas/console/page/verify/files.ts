/** What the files are that a reader drops: by the names that Daybook gives, else by what stands in them. */

import { fromUtf8 } from "./bytes.ts";

export type Kind = "file" | "manifest" | "evidence" | "kept" | "proof";

const HEAD = 1 << 20;

export async function kindOf(file: File): Promise<Kind> {
  if (file.name.endsWith(".evidence.ndjson")) return "evidence";
  if (file.name.endsWith(".manifest.json")) return "manifest";
  const head = fromUtf8(new Uint8Array(await file.slice(0, 64).arrayBuffer())) ?? "";
  if (/^\{"daybook": ?"evidence"/.test(head)) return "evidence";
  if (/^\{"seen_at":/.test(head)) return "kept";
  const fields = file.size < HEAD && head.trimStart().startsWith("{") ? fieldsOf(await file.text()) : [];
  if (fields.includes("proof") && fields.includes("canonical")) return "proof";
  return fields.includes("sha256") && fields.includes("received_until") ? "manifest" : "file";
}

function fieldsOf(text: string): readonly string[] {
  try {
    return Object.keys(JSON.parse(text) as object);
  } catch {
    return [];
  }
}
