/** AES-256-SIV (RFC 5297), decryption alone, out of WebCrypto's AES-CBC and AES-CTR. */

import { type Bytes, isSame } from "./bytes.ts";

const BLOCK = 16;
const ZERO: Bytes = new Uint8Array(BLOCK);

/**
 * The plain text, or null where key, associated data and cipher text do not belong together. `key` has 64 bytes; `parts`
 * are the strings of associated data, in their order. The plain text has 16 bytes or more, as all of Daybook's has.
 */
export async function opened(key: Bytes, parts: readonly Uint8Array[], blob: Bytes): Promise<Bytes | null> {
  if (blob.length < 2 * BLOCK) return null;
  const iv = blob.subarray(0, BLOCK);
  const [mac, plain] = await Promise.all([Cmac.of(key.slice(0, 32)), counted(key.slice(32), iv, blob.slice(BLOCK))]);
  const macs = await Promise.all([ZERO, ...parts].map((each) => mac.tag(each)));
  const sum = macs.reduce((before, each) => xored(doubled(before), each));
  const last = plain.slice();
  const end = plain.length - BLOCK;
  last.set(xored(plain.subarray(end), sum), end);
  return isSame(await mac.tag(last), iv) ? plain : null;
}

/** AES-CTR from the synthetic IV, of which RFC 5297 clears two bits. */
async function counted(key: Bytes, iv: Uint8Array, data: Bytes): Promise<Bytes> {
  const counter = iv.slice() as Bytes;
  counter[8]! &= 0x7f;
  counter[12]! &= 0x7f;
  const cipher = await crypto.subtle.importKey("raw", key, "AES-CTR", false, ["decrypt"]);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CTR", counter, length: 64 }, cipher, data));
}

/** AES-CMAC (RFC 4493): the last block of AES-CBC, whose message's last block is mixed with a subkey. */
class Cmac {
  private constructor(
    private readonly key: CryptoKey,
    private readonly whole: Bytes,
    private readonly padded: Bytes,
  ) {}

  static async of(raw: Bytes): Promise<Cmac> {
    const key = await crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["encrypt"]);
    const whole = doubled(await lastBlock(key, ZERO));
    return new Cmac(key, whole, doubled(whole));
  }

  tag(message: Uint8Array): Promise<Bytes> {
    const isWhole = message.length > 0 && message.length % BLOCK === 0;
    const blocks = new Uint8Array(Math.max(1, Math.ceil(message.length / BLOCK)) * BLOCK);
    blocks.set(message);
    if (!isWhole) blocks[message.length] = 0x80;
    const end = blocks.length - BLOCK;
    blocks.set(xored(blocks.subarray(end), isWhole ? this.whole : this.padded), end);
    return lastBlock(this.key, blocks);
  }
}

/** WebCrypto adds a block of padding, which stands behind the one that is asked for. */
async function lastBlock(key: CryptoKey, blocks: Bytes): Promise<Bytes> {
  const all = await crypto.subtle.encrypt({ name: "AES-CBC", iv: ZERO }, key, blocks);
  return new Uint8Array(all, blocks.length - BLOCK, BLOCK).slice();
}

/** RFC 5297's dbl: a multiplication by 2 in GF(2^128). */
function doubled(block: Uint8Array): Bytes {
  const shifted = new Uint8Array(BLOCK);
  for (let at = 0; at < BLOCK; at++) shifted[at] = (block[at]! << 1) | ((block[at + 1] ?? 0) >> 7);
  if (block[0]! & 0x80) shifted[BLOCK - 1]! ^= 0x87;
  return shifted;
}

function xored(one: Uint8Array, other: Uint8Array): Bytes {
  return one.map((byte, at) => byte ^ other[at]!) as Bytes;
}
