/** Keys of logs that the reader has pinned in this tab: compared with what was published elsewhere. */

import { signal } from "@preact/signals";

import { parseKey, type VerifierKey } from "./notes.ts";

const KEPT = "daybook.pins";

export interface Pin {
  readonly name: string;
  readonly fingerprint: string;
  /** The verifier key's line, which `daybook-verify` takes. */
  readonly line: string;
}

function kept(): readonly Pin[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(found) ? (found as Pin[]) : [];
  } catch {
    return [];
  }
}

export const pins = signal<readonly Pin[]>(kept());

export const isPinned = (key: VerifierKey): boolean =>
  pins.value.some(({ name, fingerprint }) => name === key.name && fingerprint === key.fingerprint);

/** Whether the reader has pinned keys of this log, and this is none of them. */
export const isOther = (key: VerifierKey): boolean =>
  !isPinned(key) && pins.value.some(({ name }) => name === key.name);

export function pin({ name, fingerprint, line }: VerifierKey): void {
  keep([...pins.value, { name, fingerprint, line }]);
}

export function unpin(key: VerifierKey): void {
  keep(pins.value.filter(({ name, fingerprint }) => name !== key.name || fingerprint !== key.fingerprint));
}

/** Whether a reader who types a fingerprint, or a verifier key's line, means this key. */
export async function means(typed: string, key: VerifierKey): Promise<boolean> {
  const digits = typed.replace(/[\s:]/g, "").toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits === key.fingerprint;
  try {
    return (await parseKey(typed)).line === key.line;
  } catch {
    return false;
  }
}

function keep(all: readonly Pin[]): void {
  pins.value = all;
  sessionStorage.setItem(KEPT, JSON.stringify(all));
}
