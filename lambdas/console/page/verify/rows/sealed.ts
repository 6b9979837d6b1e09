/**
 * What an event says of a person, opened with the key of this person in this event.
 *
 * The key is 64 bytes. The blob begins with a commitment to it; AES-256-SIV (RFC 5297) follows, with the place as
 * associated data, so that the blob opens nowhere else.
 */

import { type Bytes, fromBase64Url, fromUtf8, isEncodable, isSame, utf8 } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { NotGenuine } from "../errors.ts";
import * as siv from "../siv.ts";

const KEY_BYTES = 64;
const COMMITMENT = utf8("daybook 1 commitment");
const COMMITTED = 16;
const PADDED_TO = 32;

export type Slot = string | number | null;

/** The slots. `place` is tenant, environment, the event's id and the person's GUID. NotGenuine for anything else. */
export async function opened(sealed: string, key: Bytes, place: readonly string[]): Promise<readonly Slot[]> {
  if (key.length !== KEY_BYTES) throw new NotGenuine("an event key has another length");
  const blob = fromBase64Url(sealed);
  if (blob === null) throw new NotGenuine("sealed fields are not in the one form of base64url");
  const [commitment, plain] = await Promise.all([
    sha256(COMMITMENT, key),
    siv.opened(key, place.map(utf8), blob.slice(COMMITTED)),
  ]);
  if (!isSame(blob.subarray(0, COMMITTED), commitment.subarray(0, COMMITTED))) {
    throw new NotGenuine("an event key is not that of the sealed fields");
  }
  const slots = plain === null ? null : slotsOf(plain);
  if (slots === null) throw new NotGenuine("sealed fields don't open with their key");
  return slots;
}

function slotsOf(plain: Uint8Array): readonly Slot[] | null {
  const text = fromUtf8(plain);
  let slots: unknown;
  try {
    slots = JSON.parse(text ?? "");
  } catch {
    return null;
  }
  const hasFraction = /[0-9][.eE]/.test((text ?? "").replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, ""));
  const isWell = plain.length % PADDED_TO === 0 && Array.isArray(slots) && slots.every(isSlot) && !hasFraction;
  return isWell ? (slots as Slot[]) : null;
}

const isSlot = (value: unknown): value is Slot =>
  value === null || Number.isSafeInteger(value) || (typeof value === "string" && isEncodable(value));
