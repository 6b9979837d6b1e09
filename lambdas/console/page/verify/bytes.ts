/** Bytes and their spellings. Each function that reads accepts one spelling of a value, and gives null for any other. */

/** Bytes of a buffer of their own, as WebCrypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => ENCODER.encode(text) as Bytes;

/** The text of UTF-8, with a byte order mark as a character. Null where the bytes are no UTF-8. */
export function fromUtf8(data: Uint8Array): string | null {
  try {
    return DECODER.decode(data);
  } catch {
    return null;
  }
}

/** JSON can escape half a character, for which UTF-8 has no form. */
export const isEncodable = (text: string): boolean => !/\p{Cs}/u.test(text);

export function joined(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of parts) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}

export const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);

/** Whether `part` stands at this place of `whole`. */
export function isAt(whole: Uint8Array, at: number, part: Uint8Array): boolean {
  if (at + part.length > whole.length) return false;
  for (let each = 0; each < part.length; each++) if (whole[at + each] !== part[each]) return false;
  return true;
}

export function hex(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Big-endian. */
export function numberOf(data: Uint8Array): bigint {
  return data.length === 0 ? 0n : BigInt(`0x${hex(data)}`);
}

/** RFC 4648 with padding. */
export function toBase64(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(text);
}

/** RFC 4648 with padding. Bits that no byte uses must be zero, so equal bytes have one spelling. */
export function fromBase64(text: string): Bytes | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    return null;
  }
  const data = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) data[at] = raw.charCodeAt(at);
  // Only the last character can hold such bits.
  const rest = data.subarray(data.length - (data.length % 3 || 3));
  return text.endsWith(toBase64(rest)) ? data : null;
}

/** Without padding, and as strict. */
export function fromBase64Url(text: string): Bytes | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(plain + "=".repeat((4 - (plain.length % 4)) % 4));
}
