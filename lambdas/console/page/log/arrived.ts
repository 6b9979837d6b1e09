/** The rows that came in while one watches: washed for two seconds. */

import { signal } from "@preact/signals";

export const arrived = signal<ReadonlySet<string>>(new Set());

const WASH_MS = 2_000;

export function wash(ids: readonly string[]): void {
  arrived.value = new Set([...arrived.value, ...ids]);
  setTimeout(() => (arrived.value = new Set([...arrived.value].filter((id) => !ids.includes(id)))), WASH_MS);
}
