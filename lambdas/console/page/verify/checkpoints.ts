/** Checkpoints (C2SP `tlog-checkpoint`): the signed head of a log. */

import { type Bytes, isSame } from "./bytes.ts";
import { HASH_BYTES } from "./digest.ts";
import { CannotTell, NotGenuine } from "./errors.ts";
import { emptyRoot } from "./merkle.ts";
import { COSIGNATURE, ED25519, parseKey, parseNote, type Signature, type VerifierKey, verified } from "./notes.ts";
import type { Report } from "./report.ts";
import { base64, decimal } from "./strict.ts";

/** The last second of the year 9999. */
const LAST = 253_402_300_799;

/** What a note says, whoever signed it. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
}

/** Whom the reader trusts. */
export interface Trust {
  /** Of the log. */
  readonly keys: readonly VerifierKey[];
  readonly cosigners: readonly VerifierKey[];
  /** The log that the keys speak for. Without it a key speaks for the log that has the key's name, and no other. */
  readonly origin: string | null;
}

/** A checkpoint that the log has signed. */
export interface Signed {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  /** Of the log's keys and of trusted cosigners. Only these have been verified. */
  readonly signatures: readonly Signature[];
}

/** CannotTell where a line is mistyped, or where a cosigner is the log's own key of times. */
export async function trustOf(keys: readonly string[], cosigners: readonly string[] = [], origin: string | null = null): Promise<Trust> {
  const own = await Promise.all(keys.map(parseKey));
  const logs = [...own.map((key) => key.name), ...(origin === null ? [] : [origin])];
  return { keys: own, cosigners: await Promise.all(cosigners.map((line) => cosigner(line, logs))), origin };
}

/** Of a note's text. */
export async function parseCheckpoint(text: string): Promise<Checkpoint> {
  const lines = text.replace(/\n$/, "").split("\n");
  if (lines.length < 3 || lines.some((each) => each === "")) throw new NotGenuine("the signed text is not a checkpoint");
  const root = base64(lines[2], "the checkpoint's root");
  if (root.length !== HASH_BYTES) throw new NotGenuine("the checkpoint's root is not a SHA-256");
  const size = decimal(lines[1]!, "the checkpoint's size");
  if (size === 0 && !isSame(root, await emptyRoot())) {
    throw new NotGenuine("the checkpoint of an empty log has another root than an empty tree");
  }
  return { origin: lines[0]!, size, root };
}

/** The checkpoint, if a key of the log signed it. NotGenuine if none did, or if it is another log's. */
export async function openedNote(note: string, trust: Trust): Promise<Signed> {
  const parsed = parseNote(note);
  const checkpoint = await parseCheckpoint(parsed.text);
  const signatures = await verified(parsed, [...trust.keys, ...trust.cosigners]);
  const isOwn = ({ key }: Signature) =>
    trust.keys.includes(key) && key.kind === ED25519 && checkpoint.origin === (trust.origin ?? key.name);
  if (!signatures.some(isOwn)) {
    const given = [...new Set(trust.keys.map((key) => key.name))].join(", ");
    throw new NotGenuine(
      `the checkpoint is of the log ${checkpoint.origin}, and no given key of that log has signed it. You gave keys of ${given}`,
    );
  }
  return { checkpoint, note, signatures };
}

/** The earliest second at which one of the keys says it saw this checkpoint. */
export function cosignedAt(signed: Signed, keys: readonly VerifierKey[]): number | null {
  const times = signed.signatures.flatMap(({ key, time }) => (time !== null && keys.includes(key) ? [time] : []));
  return times.length === 0 ? null : Math.min(...times);
}

/** Also what cosignatures say of when: a checkpoint by itself has no time. */
export function describe(signed: Signed, report: Report): void {
  const { origin, size } = signed.checkpoint;
  report.ok(`checkpoint of the log ${origin} at ${size} entries, signed by its key`);
  for (const { key, time } of signed.signatures) {
    if (time !== null) report.note(`${key.name} says that it saw the checkpoint at ${moment(time)}`);
  }
}

const moment = (seconds: number): string => new Date(Math.min(seconds, LAST) * 1000).toISOString().replace(".000Z", "Z");

/**
 * A log's own key of times is no cosigner's: whoever runs the log chooses those times. Its name lies beside the log's, as
 * `daybook/time` beside `daybook/<name>`.
 */
async function cosigner(line: string, logs: readonly string[]): Promise<VerifierKey> {
  const key = await parseKey(line);
  if (key.kind !== COSIGNATURE) throw new CannotTell(`${JSON.stringify(line)} is not the key of a cosigner`);
  const parent = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/")));
  if (logs.some((log) => key.name === log || (parent(log) !== "" && parent(key.name) === parent(log)))) {
    throw new CannotTell(`${key.name} is the log's own key of times. A cosigner is somebody else: leave it out`);
  }
  return key;
}
