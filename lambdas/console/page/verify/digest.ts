/** SHA-256 and Ed25519, by the browser's WebCrypto. */

import { type Bytes, joined } from "./bytes.ts";
import { CannotTell } from "./errors.ts";

export const HASH_BYTES = 32;

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

/** Whether the signature of RFC 8032 verifies. A public key that is none has signed nothing. */
export async function isSignedBy(publicKey: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") {
      throw new CannotTell("this browser knows no Ed25519: take one of 2025 or later, or daybook-verify");
    }
    return false;
  }
}
