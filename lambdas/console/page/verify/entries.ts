/** Entries of a log: 0x01, an event's id, when Daybook received it, and the hash of what it says. */

import { type Bytes, joined, utf8 } from "./bytes.ts";
import { sha256 } from "./digest.ts";
import { NotGenuine } from "./errors.ts";
import type { Content } from "./rows/canonical.ts";
import { milliseconds } from "./strict.ts";

export const ENTRY_BYTES = 75;
const EVENT = 0x01;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_LETTERS = 10;
const LEAF = Uint8Array.of(0);
export const ID = /^[0-9A-HJKMNP-TV-Z]{36}$/;

/** An event in the log. */
export interface Entry {
  readonly id: string;
  readonly occurredMs: number;
  readonly receivedMs: number;
}

/** Null for another kind of entry, which a newer Daybook may write. NotGenuine for a malformed one. */
export function parseEntry(data: Uint8Array): Entry | null {
  if (data[0] !== EVENT) return null;
  const id = String.fromCharCode(...data.subarray(1, 37));
  if (data.length !== ENTRY_BYTES || !ID.test(id)) throw new NotGenuine("an entry of the log is malformed");
  return { id, occurredMs: occurredMs(id), receivedMs: data.subarray(37, 43).reduce((sum, byte) => sum * 256 + byte, 0) };
}

/** The time in an id, in milliseconds since 1970. */
export function occurredMs(id: string): number {
  let value = 0;
  for (const letter of id.slice(0, TIME_LETTERS)) value = value * 32 + ALPHABET.indexOf(letter);
  return value;
}

/** SHA-256 of 0x00 and the event's canonical bytes: what Daybook answers to the sender. */
export const leafOf = (canonical: Uint8Array): Promise<Bytes> => sha256(LEAF, canonical);

/** The entry that an event must have. NotGenuine where its own times contradict each other. */
export async function entryOf(content: Content, canonical: Uint8Array): Promise<Bytes> {
  const { id } = content;
  if (occurredMs(id) !== milliseconds(content.occurred_at, "occurred_at")) {
    throw new NotGenuine(`event ${id}: its id and occurred_at are different times`);
  }
  const received = milliseconds(content.received_at, "received_at");
  if (!(received >= 0 && received < 2 ** 48)) throw new NotGenuine(`event ${id}: received_at is out of range`);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(received));
  return joined(Uint8Array.of(EVENT), utf8(id), time.subarray(2), await leafOf(canonical));
}
