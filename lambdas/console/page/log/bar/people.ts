/** The usernames of people whom the page has seen, so that a filter by GUID reads as a name. */

import { effect, signal } from "@preact/signals";

import { isGuid, shortGuid } from "../../parts/guid.ts";
import { credential } from "../../session.ts";
import type { NativeEvent } from "../reading.ts";

const MOST = 5_000;
const names = signal<ReadonlyMap<string, string>>(new Map());

// Whoever signs in next may know none of them.
effect(() => {
  if (credential.value === null) names.value = new Map();
});

interface Seen {
  readonly id: string | null;
  readonly username?: string | null;
  readonly forgotten?: boolean;
}

/** The later ones count; the name of somebody who was forgotten since is dropped. */
export function learn(people: readonly (Seen | null | undefined)[]): void {
  const known = names.peek();
  const found = new Map(known.size > MOST ? [] : known);
  for (const one of people) {
    if (one?.id && one.forgotten) found.delete(one.id);
    else if (one?.id && one.username) found.set(one.id, one.username);
  }
  if (found.size !== known.size || [...found].some(([id, name]) => known.get(id) !== name)) names.value = found;
}

export function learnFrom(events: readonly NativeEvent[]): void {
  learn(events.flatMap(({ actor }) => [actor, actor.impersonator]));
}

/** A filter's value as the reader knows it. */
export function called(value: string): string {
  return names.value.get(value.toLowerCase()) ?? names.value.get(value) ?? (isGuid(value) ? shortGuid(value) : value);
}
