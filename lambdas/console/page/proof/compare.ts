/** Whether the event that is shown is the one in the canonical bytes, as far as these can be read. */

import { ALIASES } from "../verify/rows/aliases.ts";
import type { Content } from "../verify/rows/canonical.ts";
import { nativeOf } from "../verify/rows/native.ts";
import { type Keys, People } from "../verify/rows/people.ts";

export interface Compared {
  /** How many fields are the same. */
  readonly same: number;
  /** Paths of fields in which people stand who are sealed: only what surrounds them could be compared. */
  readonly sealed: readonly string[];
  /** GUIDs of those whom no key opens although all keys were asked for: they must be shown as forgotten. */
  readonly forgotten: readonly string[];
  /** Paths of fields that differ. */
  readonly different: readonly string[];
}

const OF_PEOPLE = ["client_id", "username", "name", "email", "forgotten"];
const OF_ORIGIN = ["context.ip", "context.user_agent"];

/**
 * `shown`: the event in the native form. `disclosed`: all keys were asked for, so whoever has none is forgotten, and any
 * other name that is shown for them differs. NotGenuine where the bytes don't fit their keys.
 */
export async function compare(shown: unknown, content: Content, keys: Keys, disclosed: boolean): Promise<Compared> {
  const mask = `\u0000${crypto.randomUUID()}`;
  const people = await People.of(content, keys, disclosed ? {} : { allKeysAreGiven: false, closedAs: mask });
  const event = nativeOf(content, people, ALIASES.get("generic")!);
  const origin = content.context?.of ?? content.actor.id;
  const sealed = origin !== undefined && people.isForgotten(origin) === null ? [...OF_ORIGIN] : [];
  const different: string[] = [];
  let same = 0;

  function walk(path: string, own: unknown, other: unknown): void {
    if (sealed.includes(path)) return;
    if (!isObject(own) || !isObject(other)) {
      if (!isLike(other, own, mask)) different.push(path);
      else if (typeof own === "string" && own.includes(mask)) sealed.push(path);
      else same++;
      return;
    }
    const fields = own instanceof Map ? (Object.fromEntries(own) as Fields) : own;
    const isClosed = Object.hasOwn(fields, "forgotten") && fields["forgotten"] === null;
    for (const name of new Set([...Object.keys(fields), ...Object.keys(other)])) {
      const below = path === "" ? name : `${path}.${name}`;
      if (isClosed && OF_PEOPLE.includes(name)) sealed.push(below);
      else walk(below, Object.hasOwn(fields, name) ? fields[name] : undefined, other[name]);
    }
  }

  walk("", event, shown);
  return { same, sealed, forgotten: disclosed ? people.closed : [], different };
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** Any text may stand where the mask does. */
function isLike(shown: unknown, expected: unknown, mask: string): boolean {
  if (typeof expected !== "string" || !expected.includes(mask)) return shown === expected;
  if (expected === mask) return typeof shown === "string" || typeof shown === "number";
  const [first = "", ...rest] = expected.split(mask);
  const last = rest.pop() ?? "";
  if (typeof shown !== "string" || !shown.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = shown.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return shown.length - last.length >= at && shown.endsWith(last);
}
