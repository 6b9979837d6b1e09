/** Who had a thing open, and when: what the timeline draws. Pure. */

import type { Schema } from "../api.ts";
import { shortGuid } from "../parts/guid.ts";

type NativeEvent = Schema["NativeEvent"];
type Actor = Schema["NativeActor"];
export type Session = Schema["SessionDescription"];

/** From, to: milliseconds. */
export type Stretch = readonly [number, number];

export interface Bar {
  readonly session: Session;
  /** What was opened: the thing itself, or what contains it. */
  readonly on: string;
  readonly from: number;
  /** Null: still open. */
  readonly to: number | null;
  /** The time that counts: without the pauses. */
  readonly runs: readonly Stretch[];
  /** As much of it as counts since the last adjustment; null: nobody adjusted it. */
  readonly adjusted: readonly Stretch[] | null;
}

export interface Lane {
  /** Identifies the person. */
  readonly key: string;
  readonly actor: Actor;
  readonly bars: readonly Bar[];
}

export interface Opened {
  readonly on: string;
  readonly sessions: readonly Session[];
}

/** The GUID, or type and names where the actor is no person: as the API tells actors apart. */
export function keyOf(actor: Actor): string {
  return actor.id ?? `${actor.type} ${actor.username} ${actor.client_id}`;
}

export function nameOf(actor: Actor): string {
  if (actor.forgotten) return shortGuid(actor.id ?? "");
  return actor.username ?? actor.name ?? actor.client_id ?? actor.id ?? actor.type;
}

/** One lane a person, in the order in which they came. `events`: those of the same things, for the pauses. */
export function lanesOf(opened: readonly Opened[], events: readonly NativeEvent[], now: number): Lane[] {
  const lanes = new Map<string, { key: string; actor: Actor; bars: Bar[] }>();
  const all = opened.flatMap(({ on, sessions }) => sessions.map((session) => ({ on, session })));
  all.sort((one, other) => Date.parse(one.session.opened_at) - Date.parse(other.session.opened_at));
  for (const { on, session } of all) {
    const key = keyOf(session.actor);
    const lane = lanes.get(key) ?? { key, actor: session.actor, bars: [] };
    lanes.set(key, lane);
    lane.bars.push(barOf(on, session, events, now));
  }
  return [...lanes.values()];
}

function barOf(on: string, session: Session, events: readonly NativeEvent[], now: number): Bar {
  const from = Date.parse(session.opened_at);
  const to = session.closed_at === null ? null : Date.parse(session.closed_at);
  const runs = without(from, to ?? Math.max(now, from), pausesOf(on, session, events));
  const adjusted = session.adjustments.length ? asLong(runs, session.effective_seconds * 1000) : null;
  return { session, on, from, to, runs, adjusted };
}

/** So much of the stretches, from the first on; what they lack comes behind the last. */
export function asLong(runs: readonly Stretch[], wanted: number): Stretch[] {
  const found: Stretch[] = [];
  let left = wanted;
  for (const [at, [from, to]] of runs.entries()) {
    const length = at === runs.length - 1 ? left : Math.min(left, to - from);
    if (length > 0) found.push([from, from + length]);
    left -= length;
  }
  return found;
}

/** The stretches in which the session's timer stood still. The last one may have no end. */
function pausesOf(on: string, session: Session, events: readonly NativeEvent[]): Stretch[] {
  const whose = keyOf(session.actor);
  const own = events
    .filter((event) => whoActed(event) === whose && event.target !== null && `${event.target.type}:${event.target.id}` === on)
    .sort((one, other) => Date.parse(one.occurred_at) - Date.parse(other.occurred_at));
  const from = Date.parse(session.opened_at);
  const to = session.closed_at === null ? Infinity : Date.parse(session.closed_at);
  const opening = own.find((event) => event.activity.endsWith(".opened") && Date.parse(event.occurred_at) === from);
  const pauses: Stretch[] = [];
  let since: number | null = null;
  for (const event of own) {
    const at = Date.parse(event.occurred_at);
    if (at < from || at > to || event.context.session_id !== (opening?.context.session_id ?? null)) continue;
    if (event.activity.endsWith(".timer-paused")) since ??= at;
    else if (event.activity.endsWith(".timer-resumed") && since !== null) {
      pauses.push([since, at]);
      since = null;
    }
  }
  return since === null ? pauses : [...pauses, [since, to]];
}

/** An impersonator's session is the impersonator's. */
function whoActed(event: NativeEvent): string {
  return event.actor.impersonator?.id ?? keyOf(event.actor);
}

export function without(from: number, to: number, pauses: readonly Stretch[]): Stretch[] {
  const runs: Stretch[] = [];
  let at = from;
  for (const [begin, end] of pauses) {
    if (begin > at) runs.push([at, Math.min(begin, to)]);
    at = Math.max(at, end);
  }
  if (at < to) runs.push([at, to]);
  return runs.length ? runs : [[from, from]];
}

/** From the first thing that happened to the last, with some room. */
export function spanOf(lanes: readonly Lane[], events: readonly NativeEvent[], now: number): Stretch {
  const moments = [
    ...lanes.flatMap(({ bars }) => bars.flatMap(({ from, to, adjusted }) => [from, to ?? now, adjusted?.at(-1)?.[1] ?? from])),
    ...events.map(({ occurred_at }) => Date.parse(occurred_at)),
  ];
  if (!moments.length) return [now - 86_400_000, now];
  const [low, high] = moments.reduce(([least, most], at) => [Math.min(least, at), Math.max(most, at)] as const, [
    Infinity,
    -Infinity,
  ] as const);
  const room = Math.max((high - low) * 0.02, 30_000);
  return [low - room, high + room];
}

const DAY_MS = 86_400_000;
const STEPS_S = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000];

/** About `wanted` moments of the axis, all at a round distance in the zone, of which `dayStart` says when a day begins. */
export function ticks([from, to]: Stretch, wanted: number, dayStart: (at: number) => number): number[] {
  const midnight = dayStart(from);
  const step = 1000 * (STEPS_S.find((each) => each * 1000 * wanted >= to - from) ?? 7_776_000);
  const first = midnight + Math.ceil((from - midnight) / step) * step;
  const found: number[] = [];
  // Where the clocks change, days have other lengths than 24 hours.
  for (let at = first; at <= to; at += step) found.push(step < DAY_MS ? at : dayStart(at + DAY_MS / 2));
  return found;
}

/** `2:05`, `1:02:05`: minutes and seconds, hours where there are any. */
export function duration(seconds: number): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
