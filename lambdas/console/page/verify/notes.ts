/**
 * Signed notes and verifier keys (C2SP `signed-note`), with timestamped cosignatures (C2SP `tlog-cosignature`).
 *
 * Of the signature types two are known: 0x01, Ed25519 over the text, and 0x04, Ed25519 over the text and a time.
 */

import { type Bytes, fromBase64, hex, isEncodable, joined, numberOf, utf8 } from "./bytes.ts";
import { isSignedBy, sha256 } from "./digest.ts";
import { CannotTell, NotGenuine } from "./errors.ts";
import { base64 } from "./strict.ts";

export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
const PUBLIC_BYTES = 32;
const ID_BYTES = 4;
const TIME_BYTES = 8;
const MAX_CHARACTERS = 1_000_000;
/** The specification demands that at least 16 are accepted. */
const MAX_SIGNATURES = 100;

/** White space as the Unicode standard has it, which JavaScript's `\s` is not. */
const NAME = /^[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]+$/;

/** A key that the reader trusts. `kind` is the type of its signatures. */
export interface VerifierKey {
  readonly name: string;
  readonly kind: number;
  readonly publicKey: Bytes;
  /** Eight hexadecimal digits, which a signature names. */
  readonly id: string;
  readonly line: string;
  /** SHA-256 of type and public key, in hex: what a reader compares with what was published elsewhere. */
  readonly fingerprint: string;
}

/** A signature that was verified. `time` is in seconds, and only a cosignature has one. */
export interface Signature {
  readonly key: VerifierKey;
  readonly time: number | null;
}

/** A note whose signatures nobody has verified. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly id: string; readonly signature: Bytes }[];
}

/** A line `<name>+<id>+<base64>`. CannotTell where it is mistyped or of another type. */
export async function parseKey(given: string): Promise<VerifierKey> {
  const line = given.trim();
  const [name, id, encoded] = cut(line, "+", 3);
  const typed = encoded === undefined ? null : fromBase64(encoded);
  if (name === undefined || id === undefined || typed === null || !NAME.test(name) || !/^[0-9a-f]{8}$/.test(id) || !isEncodable(line)) {
    throw new CannotTell(`${JSON.stringify(line)} is not a verifier key`);
  }
  const kind = typed[0];
  if (kind !== ED25519 && kind !== COSIGNATURE) {
    throw new CannotTell(`${JSON.stringify(line)} is a key of a type that this version does not know`);
  }
  const own = hex(await sha256(utf8(`${name}\n`), typed)).slice(0, 2 * ID_BYTES);
  if (typed.length !== 1 + PUBLIC_BYTES || own !== id) {
    throw new CannotTell(`${JSON.stringify(line)} is mistyped: its parts do not belong together`);
  }
  return { name, kind, publicKey: typed.slice(1), id, line, fingerprint: hex(await sha256(typed)) };
}

/** NotGenuine where the note is malformed. */
export function parseNote(note: string): Note {
  // eslint-disable-next-line no-control-regex
  if (note.length > MAX_CHARACTERS || /[\x00-\x09\x0b-\x1f]/.test(note)) {
    throw new NotGenuine("the signed note is too large or has control characters");
  }
  const at = note.lastIndexOf("\n\n");
  const lines = note.slice(at + 2);
  if (at < 0 || !lines.endsWith("\n")) throw new NotGenuine("the signed note is cut off or has no signatures");
  const each = lines.slice(0, -1).split("\n");
  if (each.length > MAX_SIGNATURES) throw new NotGenuine("the signed note has too many signatures");
  return { text: `${note.slice(0, at)}\n`, signatures: each.map(signatureOf) };
}

/**
 * What these keys have signed, perhaps nothing. NotGenuine where a signature in the name of one does not verify.
 * Signatures of other keys are ignored, as the specification demands.
 */
export async function verified(note: Note, keys: readonly VerifierKey[]): Promise<Signature[]> {
  const found: Signature[] = [];
  for (const { name, id, signature } of note.signatures) {
    const key = keys.find((each) => each.name === name && each.id === id);
    if (key !== undefined) found.push(await verify(note.text, key, signature));
  }
  return found;
}

function signatureOf(line: string): Note["signatures"][number] {
  const [dash, name, encoded] = cut(line, " ", 3);
  const data = base64(encoded ?? "", "a signature of the note");
  if (dash !== "\u2014" || name === undefined || !NAME.test(name) || data.length <= ID_BYTES) {
    throw new NotGenuine("a signature line of the note is malformed");
  }
  return { name, id: hex(data.subarray(0, ID_BYTES)), signature: data.slice(ID_BYTES) };
}

async function verify(text: string, key: VerifierKey, signature: Bytes): Promise<Signature> {
  if (key.kind === ED25519) {
    if (await isSignedBy(key.publicKey, signature, utf8(text))) return { key, time: null };
  } else {
    const time = numberOf(signature.subarray(0, TIME_BYTES));
    const message = joined(utf8(`cosignature/v1\ntime ${time}\n`), utf8(text));
    if (time < 1n << 63n && (await isSignedBy(key.publicKey, signature.slice(TIME_BYTES), message))) {
      return { key, time: Number(time) };
    }
  }
  throw new NotGenuine(`the signature of ${key.name} on the checkpoint is false`);
}

/** At most so many parts, of which the last one may hold the separator. */
function cut(text: string, separator: string, parts: number): string[] {
  const all = text.split(separator);
  return [...all.slice(0, parts - 1), ...(all.length >= parts ? [all.slice(parts - 1).join(separator)] : [])];
}
