/** Whom a name or a GUID means, and the groups of a person. */

import { type Answer, type Schema, get } from "../api.ts";
import { isGuid } from "../parts/guid.ts";

export type NamedActor = Schema["NamedActor"];

/** Everybody who has or had exactly this username, or the person of the GUID. */
export async function peopleCalled(text: string, signal: AbortSignal): Promise<NamedActor[]> {
  const query: Record<string, string> = isGuid(text) ? { q: text } : { prefix: text, limit: "500" };
  const { actors } = await get<Answer<"list_actors">>("actors", { query, signal });
  return isGuid(text) ? actors : actors.filter(({ username }) => same(username, text));
}

function same(one: string, other: string): boolean {
  return one.normalize("NFC").toLowerCase() === other.normalize("NFC").toLowerCase();
}

/** Groups are read one by one: each is a call. */
export const MOST_GROUPS = 50;

export interface Groups {
  readonly names: readonly string[];
  readonly looked: number;
  readonly all: number;
}

export async function groupsOf(person: NamedActor, signal: AbortSignal): Promise<Groups> {
  const { groups } = await get<Answer<"list_groups">>("groups", { signal });
  const names: string[] = [];
  for (const { name } of groups.slice(0, MOST_GROUPS)) {
    const { members } = await get<Answer<"read_group">>(`groups/${encodeURIComponent(name)}`, { signal });
    if (members.some((member) => member === person.id || same(member, person.username))) names.push(name);
  }
  return { names, looked: Math.min(groups.length, MOST_GROUPS), all: groups.length };
}
