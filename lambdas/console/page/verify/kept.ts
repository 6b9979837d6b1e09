/** Checkpoints that the auditor has kept: the file of `daybook-verify monitor`, one a line, in the order they came. */

import { type Bytes, isSame, utf8 } from "./bytes.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoints.ts";
import { CannotTell, NotGenuine } from "./errors.ts";
import { Edge } from "./merkle.ts";
import { parseNote } from "./notes.ts";
import { base64, items, jsonObject, milliseconds, only, text } from "./strict.ts";

/** A checkpoint, and the moment at which the auditor had it. */
export interface Kept {
  readonly seenMs: number;
  readonly checkpoint: Checkpoint;
}

/** CannotTell where the file is damaged. */
export async function keptIn(file: string): Promise<Kept[]> {
  try {
    const lines = file.split("\n");
    if (lines.pop() !== "") throw new NotGenuine("the last line is cut off");
    return await Promise.all(lines.map((line, at) => keptOf(line, `line ${at + 1}`)));
  } catch (error) {
    if (error instanceof NotGenuine) throw new CannotTell(`the file of kept checkpoints: ${error.message}`);
    throw error;
  }
}

/** By size. NotGenuine where the log has signed two trees of one size. */
export function rootsOf(kept: readonly Kept[]): Map<number, Bytes> {
  const found = new Map<number, Bytes>();
  for (const { checkpoint } of kept) {
    const before = found.get(checkpoint.size) ?? checkpoint.root;
    if (!isSame(before, checkpoint.root)) {
      throw new NotGenuine("the log has signed two different trees of one size: both are among the kept checkpoints");
    }
    found.set(checkpoint.size, before);
  }
  return found;
}

async function keptOf(line: string, what: string): Promise<Kept> {
  const fields = only(jsonObject(utf8(line), what), ["seen_at", "checkpoint", "edge"], what);
  const checkpoint = await parseCheckpoint(parseNote(text(fields["checkpoint"], "checkpoint")).text);
  if (fields["edge"] !== null) {
    const hashes = items(fields["edge"], "edge").map((each) => base64(each, "a hash of the edge"));
    if (!isSame(await new Edge(checkpoint.size, hashes).root(), checkpoint.root)) {
      throw new NotGenuine(`${what}: the edge does not belong to the checkpoint`);
    }
  }
  return { seenMs: milliseconds(fields["seen_at"], "seen_at"), checkpoint };
}
