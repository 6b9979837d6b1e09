import type { VerifierKey } from "./notes.ts";

/** A key's fingerprint, in groups that can be read aloud. */
export function Fingerprint({ of: { fingerprint } }: { of: VerifierKey }) {
  return <code class="fingerprint">{fingerprint.match(/.{8}/g)?.join(" ")}</code>;
}
