/** The usernames of people whom the page has seen, so that a filter by GUID reads as a name. */

import { signal } from "@preact/signals";

import { isGuid, shortGuid } from "../../parts/guid.ts";
import type { NativeEvent } from "../reading.ts";

const MOST = 5_000;
const names = signal<ReadonlyMap<string, string>>(new Map());

interface Seen {
  readonly id: string | null;
  readonly username?: string | null;
}

export function learn(people: readonly (Seen | null | undefined)[]): void {
  const fresh = people.flatMap((one) => (one?.id && one.username && names.peek().get(one.id) !== one.username ? [[one.id, one.username] as const] : []));
  if (!fresh.length) return;
  names.value = new Map([...(names.peek().size > MOST ? [] : names.peek()), ...fresh]);
}

export function learnFrom(events: readonly NativeEvent[]): void {
  learn(events.flatMap(({ actor }) => [actor, actor.impersonator]));
}

/** A filter's value as the reader knows it. */
export function called(value: string): string {
  return names.value.get(value) ?? (isGuid(value) ? shortGuid(value) : value);
}
