/** The native event: everything that is known of an event. Every field is there, and what is absent is null. */

import { NotGenuine } from "../errors.ts";
import type { Aliases } from "./aliases.ts";
import type { Content, Names, Scalar } from "./canonical.ts";
import { CLIENT_ID, EMAIL, IP, NAME, type People, USER_AGENT, USERNAME } from "./people.ts";

export interface Person {
  readonly id: string | null;
  readonly client_id: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly email: string | null;
  /** Null where it can't be told. */
  readonly forgotten: boolean | null;
}

export interface Actor extends Person {
  readonly type: string;
  readonly user_type: string | null;
  readonly roles: readonly string[] | null;
  readonly impersonator: Person | null;
}

export interface Target {
  readonly type: string;
  readonly id: string | null;
  readonly name: string | null;
  readonly within: { readonly type: string; readonly id: string } | null;
  /** These are there where the target is a user. */
  readonly client_id?: string | null;
  readonly username?: string | null;
  readonly forgotten?: boolean | null;
}

export interface Change {
  readonly field: string;
  readonly from: Scalar | null;
  readonly to: Scalar | null;
}

/** Its fields are in the order of Daybook's answers, which is also that of the lines of a file. */
export interface Native {
  readonly id: string;
  readonly client_id: string | null;
  readonly sender: { readonly credential: string } | null;
  readonly tenant: string;
  readonly environment: string;
  readonly occurred_at: string;
  readonly received_at: string;
  readonly activity: string;
  readonly component: string | null;
  readonly event: string;
  readonly category: string;
  readonly variant: string | null;
  readonly origin: string;
  readonly status: string;
  readonly actor: Actor;
  readonly source: { readonly type: string } | null;
  readonly target: Target | null;
  /** A map, since an object would put names that are numbers first. */
  readonly params: ReadonlyMap<string, unknown> | null;
  readonly details: string | null;
  readonly people: readonly Person[] | null;
  readonly changes: readonly Change[] | null;
  readonly context: {
    readonly ip: string | null;
    readonly user_agent: string | null;
    readonly session_id: string | null;
    readonly request_id: string | null;
  };
  readonly caused_by: string | null;
  readonly adjusted: readonly string[] | null;
}

/** In any case, and with the long s, as `casefold` has it. */
export const isUser = (type: string): boolean => type.toUpperCase() === "USER";

export function nativeOf(content: Content, people: People, aliases: Aliases): Native {
  const text = (value: string | undefined) => (value === undefined ? null : people.text(value));
  return {
    id: content.id,
    client_id: text(content.client_id),
    sender: content.sender === undefined ? null : { credential: content.sender.credential },
    tenant: content.tenant,
    environment: content.environment,
    occurred_at: content.occurred_at,
    received_at: content.received_at,
    activity: content.activity,
    component: content.component ?? null,
    event: content.event,
    category: content.category,
    variant: content.variant ?? null,
    origin: content.origin,
    status: content.status,
    actor: actorOf(content.actor, people, aliases),
    source: content.source === undefined ? null : { type: content.source.type },
    target: content.target === undefined ? null : targetOf(content.target, people),
    params: content.params === undefined ? null : paramsOf(content.params, people),
    details: text(content.details),
    people: declaredOf(content.people ?? [], people),
    changes: content.changes?.map((change) => changeOf(change, people)) ?? null,
    context: contextOf(content, people),
    caused_by: text(content.caused_by),
    adjusted: content.adjusted ?? null,
  };
}

/** What the actor is shown as: one that is no person, or an unknown one without a username. Null: as a person. */
export function aliasOf(actor: Content["actor"], people: People, aliases: Aliases): string | null {
  if (actor.alias !== undefined || actor.id === undefined) return actor.alias ?? null;
  const isUnnamed = people.isForgotten(actor.id) === false && people.field(actor.id, USERNAME) === null;
  return isUnnamed && actor.type === "unknown" ? aliases.unknown : null;
}

/** `shown` has what differs in this place from the sealed fields. */
function personOf(guid: string, people: People, shown: Names): Person {
  const field = (own: string | undefined, slot: number) =>
    own === undefined ? people.field(guid, slot) : people.text(own);
  const forgotten = people.isForgotten(guid);
  if (forgotten !== false) {
    return { id: guid, client_id: null, username: forgotten ? guid : null, name: null, email: null, forgotten };
  }
  return {
    id: guid,
    client_id: field(shown.id, CLIENT_ID),
    username: field(shown.username, USERNAME),
    name: field(shown.name, NAME),
    email: field(shown.email, EMAIL),
    forgotten,
  };
}

function actorOf(actor: Content["actor"], people: People, aliases: Aliases): Actor {
  const { type, impersonator } = actor;
  if (actor.id === undefined && type === "user") throw new NotGenuine("a user as actor has no GUID");
  return {
    type,
    ...(actor.id === undefined ? nobody(actor, people, aliases) : actingPerson(actor, actor.id, people, aliases)),
    user_type: actor.user_type ?? null,
    roles: actor.roles ?? null,
    impersonator: impersonator === undefined ? null : personOf(impersonator.id, people, withoutId(impersonator)),
  };
}

function actingPerson(actor: Content["actor"], guid: string, people: People, aliases: Aliases): Person {
  const person = personOf(guid, people, {});
  const isUnnamed = person.username === null && person.forgotten === false;
  return isUnnamed ? { ...person, username: aliasOf(actor, people, aliases) } : person;
}

/** An actor that is no person. */
function nobody(actor: Content["actor"], people: People, aliases: Aliases): Person {
  return {
    id: null,
    client_id: actor.client_id ?? null,
    username: actor.username ?? aliasOf(actor, people, aliases),
    name: actor.name ?? null,
    email: actor.email ?? null,
    forgotten: false,
  };
}

const withoutId = ({ username, name, email }: Names): Names => ({
  ...(username === undefined ? {} : { username }),
  ...(name === undefined ? {} : { name }),
  ...(email === undefined ? {} : { email }),
});

function targetOf(target: NonNullable<Content["target"]>, people: People): Target {
  const within =
    target.within === undefined ? null : { type: target.within.type, id: people.text(target.within.id) };
  const text = (value: string | undefined) => (value === undefined ? null : people.text(value));
  if (!isUser(target.type)) return { type: target.type, id: text(target.id), name: text(target.name), within };
  if (target.id === undefined) throw new NotGenuine("a user as target has no GUID");
  const person = personOf(target.id, people, withoutId(target));
  return {
    type: target.type,
    id: person.id,
    name: person.name,
    within,
    client_id: person.client_id,
    username: person.username,
    forgotten: person.forgotten,
  };
}

function paramsOf(params: NonNullable<Content["params"]>, people: People): Map<string, unknown> {
  const shown = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((each: string) => people.text(each));
    if (typeof value === "object" && value !== null) return { user: people.text((value as { user: string }).user) };
    return typeof value === "string" ? people.text(value) : value;
  };
  return new Map(Object.keys(params).sort().map((name) => [name, shown(params[name])]));
}

function declaredOf(cast: NonNullable<Content["people"]>, people: People): readonly Person[] | null {
  const shown = cast.flatMap(({ id, declared }) =>
    (declared === true ? [{}] : (declared ?? [])).map((each) => personOf(id, people, each)),
  );
  return shown.length === 0 ? null : shown;
}

const changeOf = ({ field, from, to }: NonNullable<Content["changes"]>[number], people: People): Change => ({
  field: people.text(field),
  from: from === undefined ? null : people.value(from),
  to: to === undefined ? null : people.value(to),
});

/** Address and user agent are those of the impersonator, else of the actor, else they are nobody's. */
function contextOf(content: Content, people: People): Native["context"] {
  const context = content.context ?? {};
  const guid = context.of ?? content.actor.id;
  const origin = (own: string | undefined, slot: number) =>
    guid === undefined ? (own ?? null) : people.field(guid, slot);
  return {
    ip: origin(context.ip, IP),
    user_agent: origin(context.user_agent, USER_AGENT),
    session_id: context.session_id === undefined ? null : people.text(context.session_id),
    request_id: context.request_id === undefined ? null : people.text(context.request_id),
  };
}
