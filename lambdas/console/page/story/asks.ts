/** What a story needs, asked of the API. */

import { type Answer, Problem, type Schema, get } from "../api.ts";
import type { Opened } from "./lanes.ts";
import type { Target } from "./target.ts";

export type NativeEvent = Schema["NativeEvent"];
export type Summary = Answer<"read_target">;
export type Times = Answer<"read_target_time">;
export type Attribution = Answer<"read_target_attribution">;

export interface Story {
  readonly summary: Summary;
  /** The newest events about the thing and what it contains. */
  readonly events: readonly NativeEvent[];
  /** There are more events than these. */
  readonly more: boolean;
  /** The time that was spent on the thing itself; null where it is too much to read. */
  readonly times: Times | null;
  /** Sessions on the thing and on what contains it. */
  readonly opened: readonly Opened[];
  /** What contains it: `type:id`. */
  readonly within: readonly string[];
}

const MOST_EVENTS = 500;
/** Containers whose sessions are drawn too. */
const MOST_CONTAINERS = 3;

/** Throws `Problem`. */
export async function story(target: Target, signal: AbortSignal): Promise<Story> {
  const query = { target: target.text };
  const [summary, page, times] = await Promise.all([
    get<Summary>("target", { query, signal }),
    get<Answer<"search_events">>("events", { query: { ...query, limit: String(MOST_EVENTS) }, signal }),
    timesOf(target.text, signal),
  ]);
  const events = page.events as NativeEvent[];
  const within = containersOf(target, events);
  const around = await Promise.all(within.slice(0, MOST_CONTAINERS).map((on) => timesOf(on, signal)));
  const opened = [target.text, ...within].flatMap((on, at) => {
    const found = at ? around[at - 1] : times;
    return found ? [{ on, sessions: found.sessions }] : [];
  });
  return { summary, events, more: page.next_cursor !== null, times, opened, within };
}

/** Null where there is more than one request may read. */
async function timesOf(target: string, signal: AbortSignal): Promise<Times | null> {
  try {
    return await get<Times>("target/time", { query: { target }, signal });
  } catch (error) {
    if (error instanceof Problem && error.code === "too_much_to_read") return null;
    throw error;
  }
}

function containersOf(target: Target, events: readonly NativeEvent[]): string[] {
  const own = events.filter((event) => event.target && `${event.target.type}:${event.target.id}` === target.text);
  const found = own.flatMap(({ target: on }) => (on?.within ? [`${on.within.type}:${on.within.id}`] : []));
  return [...new Set(found)].filter((each) => each !== target.text);
}

export function attribution(target: Target, at: string, signal: AbortSignal): Promise<Attribution> {
  return get<Attribution>("target/attribution", { query: { target: target.text, at }, signal });
}
