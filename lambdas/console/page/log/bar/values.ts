/** The values that the bar offers behind a key, and where they come from. */

import { type Schema, get } from "../../api.ts";
import { catalogue } from "../../catalogue.ts";
import { type FilterKey, NEWEST_FIRST, type Question, write } from "../../query.ts";
import { chosenTenant, credential, environment } from "../../session.ts";
import { canCount } from "../counts.ts";
import type { NativeEvent } from "../reading.ts";
import { learn } from "./people.ts";

export interface Value {
  readonly value: string;
  /** What it is, where the value alone does not say it. */
  readonly hint?: string | undefined;
  readonly count?: number | undefined;
}

export interface Offer {
  readonly values: readonly Value[];
  /** Where the values come from, if that is not everything there is: `in the 250 shown`. */
  readonly from: string | null;
}

const NOTHING: Offer = { values: [], from: null };
const FIXED: Partial<Record<FilterKey, readonly string[]>> = {
  status: ["success", "failure"],
  origin: ["user", "system"],
  actor_type: ["user", "system", "api", "operations", "unknown"],
};
/** By which of them the service counts. */
const COUNTED: ReadonlySet<FilterKey> = new Set(["activity", "category", "component", "status", "actor", "actor_type"]);
const PEOPLE: ReadonlySet<FilterKey> = new Set(["actor", "impersonator"]);

/** True: each letter is a call, so the reader's pause is waited for. */
export function isAsked(key: FilterKey): boolean {
  return PEOPLE.has(key);
}

/** The values of a key that `begun` may mean. `rows`: what is loaded. */
export async function offer(
  key: FilterKey,
  begun: string,
  question: Question,
  rows: readonly NativeEvent[],
  signal: AbortSignal,
): Promise<Offer> {
  const [found, counts] = await Promise.all([
    PEOPLE.has(key) ? people(key, begun, rows, signal) : key === "group" ? groups(signal) : Promise.resolve(known(key, question, rows)),
    COUNTED.has(key) ? counted(key, question) : new Map<string, number>(),
  ]);
  const values = found.values.map((one) => (counts.has(one.value) ? { ...one, count: counts.get(one.value) } : one));
  // What was counted may be in no catalogue: any activity is accepted where the mode is open.
  const others = [...counts].map(([value, count]) => ({ value, count }));
  return { ...found, values: matching(distinct([...values, ...others]), begun) };
}

function known(key: FilterKey, question: Question, rows: readonly NativeEvent[]): Offer {
  const fixed = FIXED[key];
  if (fixed) return { values: fixed.map((value) => ({ value })), from: null };
  const listed = catalogued(key, question);
  return listed.length ? { values: listed, from: null } : loaded(key, rows);
}

function catalogued(key: FilterKey, question: Question): Value[] {
  const known = catalogue.value;
  if (!known) return [];
  if (key === "category") return known.categories.map((value) => ({ value }));
  if (key === "source_type") return (known.source_types ?? []).map((value) => ({ value }));
  if (key === "activity") {
    return known.activities.map((one) => ({ value: one.activity, hint: [one.component, one.event].filter(Boolean).join(" · ") }));
  }
  if (key === "component") return distinct(known.activities.map(({ component }) => ({ value: component })));
  if (key !== "variant") return [];
  const chosen = new Set(question.filters.find((filter) => filter.key === "activity" && !filter.not)?.values);
  const activities = known.activities.filter((one) => !chosen.size || chosen.has(one.activity));
  return distinct(activities.flatMap((one) => one.variants.map(({ variant, when }) => ({ value: variant, hint: when }))));
}

const LOADED: Partial<Record<FilterKey, (event: NativeEvent) => readonly (Value | null)[]>> = {
  target: ({ target }) => [target && thing(target.type, target.username ?? target.id, target.name), target?.within ? thing(target.within.type, target.within.id) : null],
  ip: ({ context }) => [plain(context?.ip)],
  session_id: ({ context, actor }) => [plain(context?.session_id, actor.username)],
  request_id: ({ context }) => [plain(context?.request_id)],
  user_type: ({ actor }) => [plain(actor.user_type)],
  source_type: ({ source }) => [plain(source?.type)],
  caused_by: ({ caused_by }) => [plain(caused_by)],
  credential: ({ sender }) => [plain(sender?.credential)],
};

function thing(type: string, id: string | null | undefined, name?: string | null): Value | null {
  return id ? { value: `${type}:${id}`, hint: name ?? undefined } : null;
}

function plain(value: string | null | undefined, hint?: string | null): Value | null {
  return value ? { value, hint: hint ?? undefined } : null;
}

function loaded(key: FilterKey, rows: readonly NativeEvent[]): Offer {
  const of = LOADED[key];
  if (!of) return NOTHING;
  const values = distinct(rows.flatMap((row) => of(row).filter((value) => value !== null)));
  return { values, from: `in the ${rows.length.toLocaleString("en")} shown` };
}

/** People by the beginning of a name, and what else acts in the rows: the system, keys. */
async function people(key: FilterKey, begun: string, rows: readonly NativeEvent[], signal: AbortSignal): Promise<Offer> {
  const query = { ...(begun && { q: begun }), limit: "20" };
  const { actors, next_cursor: more } = await get<Schema["ActorPage"]>("actors", { query, signal, once: true });
  learn(actors);
  const others = key === "actor" ? rows.map(({ actor }) => (actor.type === "user" ? null : plain(actor.username, actor.type))) : [];
  const named = actors.map(({ id, username, name }) => ({ value: username ?? id, hint: name ?? undefined }));
  return { values: distinct([...named, ...others.filter((one) => one !== null)]), from: more === null ? null : "of the first found" };
}

const MOST_NAMED = 5;

/** The people whom a word without a key may mean. */
export async function named(text: string, signal: AbortSignal): Promise<Offer> {
  const { values, from } = await people("actor", text, [], signal);
  return { values: values.slice(0, MOST_NAMED), from };
}

async function groups(signal: AbortSignal): Promise<Offer> {
  const found = await get<Schema["GroupList"]>("groups", { signal, once: true });
  return { values: found.groups.map(({ name }) => ({ value: name })), from: null };
}

/** What was counted for a question is not counted again within a minute: the log records each question once a minute.
 * It goes on while the reader types. */
const counts = new Map<string, { readonly at: number; readonly found: Promise<Map<string, number>> }>();
const KEPT_MS = 60_000;
const MOST_COUNTS = 50;

/** How many events of the question each value has; empty where the service cannot count them with these filters. */
function counted(key: FilterKey, question: Question): Promise<Map<string, number>> {
  const others = { ...question, filters: question.filters.filter((filter) => filter.key !== key), sort: NEWEST_FIRST, view: null };
  if (!canCount({ ...others, filters: [...others.filters, { key, not: false, values: [] }] })) return Promise.resolve(new Map());
  const query = write(others);
  query.append("by", key);
  query.set("interval", "none");
  if (key === "actor") query.set("top", "10");
  const name = [credential.value, chosenTenant.value, environment.value, query.toString()].join("\n");
  const known = counts.get(name);
  if (known && Date.now() - known.at < KEPT_MS) return known.found;
  const found = get<Schema["Stats"]>("stats", { query, once: true }).then(
    ({ buckets }) => new Map(buckets.flatMap((one) => (typeof one.key === "string" && !one.rest ? [[one.key, one.count]] : []))),
    () => {
      counts.delete(name);
      return new Map<string, number>();
    },
  );
  if (counts.size >= MOST_COUNTS) counts.clear();
  counts.set(name, { at: Date.now(), found });
  return found;
}

function distinct(values: readonly Value[]): Value[] {
  const found = new Map<string, Value>();
  for (const one of values) if (one.value !== "" && !found.has(one.value)) found.set(one.value, one);
  return [...found.values()];
}

/** Those that begin so, then those in which a word begins so, then those that have it anywhere; each with most events first. */
export function matching(values: readonly Value[], begun: string): Value[] {
  const wanted = fold(begun);
  const ranked = values.map((one, at) => ({ one, at, rank: rank(one, wanted) })).filter(({ rank }) => rank < 4);
  ranked.sort((a, b) => a.rank - b.rank || (b.one.count ?? 0) - (a.one.count ?? 0) || a.at - b.at);
  return ranked.map(({ one }) => one);
}

/** Whether the value, or a word of it or of its name, begins so. */
export function beginsSo(one: Value, begun: string): boolean {
  return rank(one, fold(begun)) < 2;
}

function rank(one: Value, wanted: string): number {
  if (wanted === "") return 0;
  const [value, hint] = [fold(one.value), fold(one.hint ?? "")];
  if (value.startsWith(wanted)) return 0;
  const words = `${value} ${hint}`.split(/[\s.:@_·-]+/);
  if (words.some((word) => word.startsWith(wanted))) return 1;
  return value.includes(wanted) ? 2 : hint.includes(wanted) ? 3 : 4;
}

function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}
