/** The products' views: columns in their order, and what each shows of an event. */

import type { ViewNames } from "./names.ts";
import type { Native } from "./native.ts";
import * as times from "./times.ts";
import * as wording from "./wording.ts";

export interface Shown {
  readonly event: Native;
  /** What the actor is shown as, where it is not shown as a person. */
  readonly alias: string | null;
  readonly moment: times.Moment;
  /** The tz database's name of the moment's offset. */
  readonly abbreviation: string;
  readonly names: ViewNames;
  readonly tenantName: string;
}

export type Column = readonly [label: string, value: (shown: Shown) => string];

/** Of somebody who is forgotten the GUID is shown, also where an alias stood for an address. */
const alias = ({ event, alias: shown }: Shown): string | null => (event.actor.forgotten ? null : shown);

/** The key by which somebody used Daybook itself, which has records of that. */
function ownCaller(shown: Shown): string | null {
  const { activity, actor } = shown.event;
  return activity.startsWith("audit-log.") && actor.type === "api" ? genericActor(shown) : null;
}

const user = (shown: Shown): string => ownCaller(shown) || alias(shown) || shown.names.user(shown.event.actor);

function fullName(shown: Shown): string {
  const { actor } = shown.event;
  const hasName = actor.id !== null && actor.name;
  return ownCaller(shown) || (hasName ? null : alias(shown)) || shown.names.fullName(actor);
}

function genericActor(shown: Shown): string {
  const { actor } = shown.event;
  const called = alias(shown);
  if (called !== null) {
    const own = [actor.username, actor.name, actor.client_id].find((each) => each && each !== called);
    return actor.type === "api" && own ? `${called} (${own})` : called;
  }
  const name = shown.names.amongOthers(actor);
  return actor.impersonator === null ? name : `${name} (by ${shown.names.amongOthers(actor.impersonator)})`;
}

type Plain = "activity" | "category" | "component" | "details" | "environment" | "event" | "origin" | "status" | "tenant";

const plain =
  (name: Plain) =>
  ({ event }: Shown): string =>
    event[name] ?? "";

/** The parameter of that name, else the values of all changes. */
const changed =
  (side: "from" | "to") =>
  ({ event, names }: Shown): string => {
    const given = event.params?.get(side) ?? null;
    if (Array.isArray(given)) return given.join(", ");
    if (typeof given === "object" && given !== null) return names.marked((given as { user: string }).user);
    if (given !== null) return String(given);
    return (event.changes ?? [])
      .map((each) => each[side])
      .filter((value) => value !== null && value !== "")
      .join(", ");
  };

/** The id of the target, or of what contains it, whichever is a work item. */
function workItem({ event: { target } }: Shown): string {
  return [target, target?.within].find((each) => each?.type === "work-item")?.id ?? "";
}

const target = ({ event, names }: Shown): string => names.target(event.target);

export const VIEWS: ReadonlyMap<string, readonly Column[]> = new Map<string, readonly Column[]>([
  [
    "generic",
    [
      ["Time", ({ moment }) => times.iso(moment)],
      ["Activity", plain("activity")],
      ["Actor", genericActor],
      ["Target", target],
      ["Details", ({ event }) => event.details || wording.changesInWords(event.changes)],
      ["Status", plain("status")],
    ],
  ],
  [
    "chat",
    [
      ["Date and Time", ({ moment }) => times.dateTime(moment)],
      ["User", user],
      ["IP Address", ({ event }) => event.context.ip ?? ""],
      ["Activity", plain("activity")],
    ],
  ],
  [
    "enate",
    [
      ["Timestamp", ({ moment, abbreviation }) => times.enate(moment, abbreviation)],
      ["Activity", plain("activity")],
      ["Origin", plain("origin")],
      ["User", user],
      ["Work Item", workItem],
      ["From", changed("from")],
      ["To", changed("to")],
      ["Details", plain("details")],
      ["Status", plain("status")],
    ],
  ],
  [
    "jiffy",
    [
      ["Tenant Name", ({ tenantName }) => tenantName],
      ["Component", plain("component")],
      ["Event", plain("event")],
      ["Event Details", plain("details")],
      ["Event Status", ({ event }) => wording.status(event.status)],
      ["Date-Time", ({ moment }) => times.jiffy(moment)],
      ["UserName", fullName],
      ["User Type", ({ event }) => event.actor.user_type ?? ""],
    ],
  ],
  [
    "carear",
    [
      ["Date", ({ moment }) => times.date(moment)],
      ["Time", ({ moment }) => times.timeOfDay(moment)],
      ["Username", user],
      ["Event Category", plain("category")],
      ["Event Description", plain("details")],
    ],
  ],
  [
    "symbee",
    [
      ["PlatformId", () => "AWS Connect"],
      ["CompanyId", plain("tenant")],
      ["Environment", plain("environment")],
      ["TimeStamp", ({ event }) => times.secondsInUtc(event.occurred_at)],
      ["SourceType", ({ event }) => event.source?.type ?? "ADMIN"],
      ["SourceUserId", user],
      ["ActivityAction", ({ event }) => wording.code(event.event)],
      ["ActivityType", ({ event }) => wording.code(event.component)],
      ["ActionTarget", target],
      ["ActionDetails", plain("details")],
    ],
  ],
]);
