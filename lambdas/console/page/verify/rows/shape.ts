/** What the fields of a stored event may hold. Fields that are not listed are later additions, which stay unread. */

import { isObject } from "../strict.ts";

/** The path below the value at which it is misshapen: empty for the value itself, null for no fault. */
type Check = (value: unknown) => string | null;
type Checks = Readonly<Record<string, Check>>;

const text: Check = (value) => (typeof value === "string" ? null : "");
const scalar: Check = (value) => (["string", "number", "boolean"].includes(typeof value) ? null : "");

const one =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value as string) ? null : "";

const all =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return "";
    for (const [place, each] of value.entries()) {
      const below = check(each);
      if (below !== null) return `[${place}]${below}`;
    }
    return null;
  };

const object =
  (required: Checks, optional: Checks = {}): Check =>
  (value) => {
    if (!isObject(value)) return "";
    for (const [name, check] of Object.entries({ ...required, ...optional })) {
      const isThere = Object.hasOwn(value, name);
      if (!isThere && Object.hasOwn(optional, name)) continue;
      const below = isThere ? check(value[name]) : "";
      if (below !== null) return `.${name}${below}`;
    }
    return null;
  };

const PERSON = object({ user: text });
const DECLARATIONS = all(object({}, { username: text, name: text, email: text, id: text }));

const params: Check = (value) => {
  if (!isObject(value)) return "";
  for (const [name, each] of Object.entries(value)) {
    const below = (isObject(each) ? PERSON : Array.isArray(each) ? all(text) : scalar)(each);
    if (below !== null) return `.${name}${below}`;
  }
  return null;
};

const ACTOR = object(
  { type: one("user", "system", "api", "operations", "unknown") },
  {
    id: text,
    client_id: text,
    username: text,
    name: text,
    email: text,
    alias: text,
    user_type: text,
    roles: all(text),
    impersonator: object({ id: text }, { username: text, name: text, email: text }),
  },
);

const CONTENT = object(
  {
    id: text,
    tenant: text,
    environment: text,
    occurred_at: text,
    received_at: text,
    activity: text,
    event: text,
    category: text,
    origin: one("user", "system"),
    status: one("success", "failure"),
    actor: ACTOR,
  },
  {
    component: text,
    variant: text,
    visibility: one("operations"),
    client_id: text,
    sender: object({ credential: text }),
    source: object({ type: text }),
    target: object(
      { type: text },
      { id: text, name: text, username: text, person: text, within: object({ type: text, id: text }) },
    ),
    params,
    details: text,
    changes: all(object({ field: text }, { from: scalar, to: scalar })),
    context: object({}, { ip: text, user_agent: text, session_id: text, request_id: text, of: text }),
    caused_by: text,
    adjusted: all(text),
    people: all(
      object({ id: text }, { sealed: text, declared: (value) => (value === true ? null : DECLARATIONS(value)) }),
    ),
    salt: text,
  },
);

/** The path of the first field that is missing or holds something else. Null where there is none. */
export const misshapen = (content: unknown): string | null => CONTENT(content)?.replace(/^\./, "") ?? null;
