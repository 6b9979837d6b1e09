/** The columns of the table: what each view's label means to the page, and the native fields that can stand beside. */

import type { FilterKey } from "../../query.ts";
import { clock, day, zone } from "../../zone.ts";
import type { NativeEvent, Row } from "../reading.ts";

/** Decides the width. `text` takes the rest. */
export type Kind = "date" | "time" | "moment" | "user" | "category" | "status" | "ip" | "activity" | "short" | "id" | "text";

export interface Column {
  readonly label: string;
  readonly kind: Kind;
  /** The API's name of the field by which it sorts. */
  readonly sort?: string;
  /** The filter that asks for the cell's value. */
  readonly filter?: FilterKey;
  /** Its value in the native event: what the cell shows where no view does, and what filters. */
  readonly value: (event: NativeEvent) => string | null;
  /** Rem, where the kind's own does not suit the value's form. */
  readonly width?: number;
  /** Times that are shown in UTC whatever the zone. */
  readonly utc?: true;
}

type Meaning = Omit<Column, "label">;

const actor: Meaning = {
  kind: "user",
  sort: "actor",
  filter: "actor",
  value: ({ actor: who }) => (who.forgotten ? who.id : (who.username ?? who.name ?? who.id)),
};
const target: Meaning = {
  kind: "user",
  sort: "target",
  filter: "target",
  value: ({ target: on }) => (on ? `${on.type}:${on.username ?? on.id ?? on.name ?? ""}` : null),
};
const activity: Meaning = { kind: "activity", sort: "activity", filter: "activity", value: (event) => event.activity };
const component: Meaning = { kind: "category", sort: "component", filter: "component", value: (event) => event.component };
const status: Meaning = { kind: "status", sort: "status", filter: "status", value: (event) => event.status };
const ip: Meaning = { kind: "ip", sort: "ip", filter: "ip", value: ({ context }) => context.ip };
const origin: Meaning = { kind: "short", filter: "origin", value: (event) => event.origin };
const userType: Meaning = { kind: "short", filter: "user_type", value: ({ actor: who }) => who.user_type };
const sourceType: Meaning = { kind: "short", filter: "source_type", value: ({ source }) => source?.type ?? null };
const details: Meaning = { kind: "text", value: (event) => event.details ?? event.event };
const time = (kind: Kind, width?: number): Meaning => ({
  kind,
  ...(width && { width }),
  sort: "occurred_at",
  value: (event) => moment(event.occurred_at),
});
const plain = (kind: Kind): Meaning => ({ kind, value: () => null });

/** By the labels of the profiles' views. */
const OF_VIEWS: Readonly<Record<string, Meaning>> = {
  "Date": time("date"),
  "Time": time("time"),
  "Username": actor,
  "Event Category": { kind: "category", sort: "category", filter: "category", value: (event) => event.category },
  "Event Description": details,
  "Date and Time": time("moment", 11),
  "User": actor,
  "IP Address": ip,
  "Activity": activity,
  "Timestamp": time("moment", 13),
  "Origin": origin,
  "Work Item": {
    kind: "id",
    filter: "target",
    value: ({ target: on }) => {
      const item = [on, on?.within].find((thing) => thing?.type === "work-item");
      return item ? `work-item:${item.id}` : null;
    },
  },
  "From": plain("short"),
  "To": plain("short"),
  "Details": details,
  "Status": status,
  "Tenant Name": plain("short"),
  "Component": component,
  "Event": plain("short"),
  "Event Details": details,
  "Event Status": status,
  "Date-Time": time("moment", 15),
  "UserName": actor,
  "User Type": userType,
  "PlatformId": plain("short"),
  "CompanyId": plain("short"),
  "Environment": plain("short"),
  "TimeStamp": { ...time("moment", 12), utc: true },
  "SourceType": sourceType,
  "SourceUserId": actor,
  "ActivityAction": plain("short"),
  "ActivityType": component,
  "ActionTarget": target,
  "ActionDetails": details,
  "Actor": actor,
  "Target": target,
};

/** By the native event's own names. */
const OF_EVENTS: Readonly<Record<string, Meaning>> = {
  occurred_at: time("moment"),
  activity,
  actor,
  target,
  details,
  status,
  received_at: { kind: "moment", value: (event) => moment(event.received_at) },
  name: { kind: "user", value: ({ actor: who }) => who.name },
  user_type: userType,
  category: { kind: "category", sort: "category", filter: "category", value: (event) => event.category },
  component,
  variant: { kind: "short", filter: "variant", value: (event) => event.variant },
  origin,
  source_type: sourceType,
  ip,
  user_agent: { kind: "activity", value: ({ context }) => context.user_agent },
  session_id: { kind: "id", filter: "session_id", value: ({ context }) => context.session_id },
  request_id: { kind: "id", filter: "request_id", value: ({ context }) => context.request_id },
  credential: { kind: "id", filter: "credential", value: ({ sender }) => sender?.credential ?? null },
  id: { kind: "id", value: (event) => event.id },
  client_id: { kind: "id", value: (event) => event.client_id },
};

const NATIVE = ["occurred_at", "activity", "actor", "target", "details", "status"];
export const NATIVE_FIELDS = Object.keys(OF_EVENTS);

/** The columns that the address asks for, else the view's, else the native ones, and those fields of `also` that
 * none of them shows. */
export function columnsOf(labels: readonly string[], asked: string | null, also: readonly FilterKey[] = []): readonly Column[] {
  const own = labels.length ? labels : NATIVE;
  const known = [...own, ...also.filter((field) => !own.some((name) => columnOf(name, labels).filter === field))];
  const names = asked?.split(",").filter((name) => labels.includes(name) || Object.hasOwn(OF_EVENTS, name)) ?? [];
  return (names.length ? names : known).map((name) => columnOf(name, labels));
}

function columnOf(label: string, labels: readonly string[]): Column {
  if (label === "Time" && !labels.includes("Date")) return { label, ...time("moment", 18) };
  const meanings = labels.includes(label) ? OF_VIEWS : OF_EVENTS;
  const meaning = Object.hasOwn(meanings, label) ? meanings[label] : undefined;
  return { label, ...(meaning ?? plain("short")) };
}

export function textOf(row: Row, column: Column): string {
  return row.shown?.[column.label] ?? column.value(row.native) ?? "";
}

/** The column whose cell is the row's button: what happened. */
export function mainOf(columns: readonly Column[]): Column | undefined {
  return columns.find(({ kind }) => kind === "text") ?? columns.find(({ kind }) => kind === "activity") ?? columns.at(-1);
}

function moment(time: string): string {
  const ms = Date.parse(time);
  return `${day(ms, zone.value)} ${clock(ms, zone.value, true)}`;
}

/** Widths in rem: by kind, since equal ones squeeze the description. */
const WIDTHS: Readonly<Record<Kind, number>> = {
  date: 7,
  time: 6,
  moment: 13,
  user: 12,
  category: 11.5,
  status: 5.5,
  ip: 9,
  activity: 14,
  short: 8,
  id: 9,
  text: 20,
};
/** Values of these kinds have one form: narrower, they would be cut. */
const FIXED: ReadonlySet<Kind> = new Set(["date", "time", "moment", "status", "ip"]);
const REM = 16;
/** Rem of a head's letter, of its padding, and of what the first one has more. */
const [LETTER, PADDING, EDGE] = [0.6, 1.1, 0.5];
/** How far the others give way before the table is wider than its place. */
const LEAST = 0.5;
const LEAST_TEXT = 11;

/** Pixels of each column in a place of so many; null: what is left. The description takes the rest, and at least 20 rem.
 * The others give way as far as their heads can be read, then the description, then the heads too.
 */
export function widths(columns: readonly Column[], place: number): { each: readonly (number | null)[]; least: number } {
  const heads = columns.map(({ label }, at) => (label.length * LETTER + PADDING + (at === 0 ? EDGE : 0)) * REM);
  const wished = columns.map((column, at) => Math.max((column.width ?? WIDTHS[column.kind]) * REM, heads[at] ?? 0));
  const sumOf = (all: readonly number[], test: (column: Column) => boolean): number =>
    columns.reduce((sum, column, at) => sum + (test(column) ? (all[at] ?? 0) : 0), 0);
  const text = sumOf(wished, ({ kind }) => kind === "text");
  const room = place - sumOf(wished, ({ kind }) => FIXED.has(kind));
  const isWide = room - text >= sumOf(heads, isLoose);
  const [high, low] = isWide ? [wished, heads] : [heads, wished.map((width, at) => Math.min(width * LEAST, heads[at] ?? 0))];
  const [most, least] = [sumOf(high, isLoose), sumOf(low, isLoose)];
  const rest = isWide ? text : Math.min(text, LEAST_TEXT * REM);
  const share = most === least ? 1 : Math.min(1, Math.max(0, (room - rest - least) / (most - least)));
  const each = columns.map((column, at) => (isLoose(column) ? (low[at] ?? 0) + ((high[at] ?? 0) - (low[at] ?? 0)) * share : (wished[at] ?? 0)));
  return {
    each: each.map((width, at) => (columns[at]?.kind === "text" ? null : Math.round(width))),
    least: Math.round(sumOf(each, ({ kind }) => kind !== "text") + rest),
  };
}

function isLoose({ kind }: Column): boolean {
  return kind !== "text" && !FIXED.has(kind);
}
