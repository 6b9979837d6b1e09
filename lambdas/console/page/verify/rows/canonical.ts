/**
 * Strictly canonical content: JSON according to RFC 8785, in the shape of Daybook's stored format, version 1.
 *
 * Only one sequence of bytes is accepted for a content. Whoever could write the same content in two ways could show one to
 * an auditor and hash the other.
 */

import { fromUtf8, isEncodable } from "../bytes.ts";
import { ID, occurredMs } from "../entries.ts";
import { CannotTell, NotGenuine } from "../errors.ts";
import { isObject, timeOf } from "../strict.ts";
import { misshapen } from "./shape.ts";

export type Scalar = string | number | boolean;

export interface Names {
  readonly username?: string;
  readonly name?: string;
  readonly email?: string;
  readonly id?: string;
}

/** As `misshapen` has checked it. */
export interface Content {
  readonly id: string;
  readonly tenant: string;
  readonly environment: string;
  readonly occurred_at: string;
  readonly received_at: string;
  readonly activity: string;
  readonly component?: string;
  readonly event: string;
  readonly category: string;
  readonly variant?: string;
  readonly origin: string;
  readonly status: string;
  readonly client_id?: string;
  readonly sender?: { readonly credential: string };
  readonly actor: Names & {
    readonly type: string;
    readonly client_id?: string;
    readonly alias?: string;
    readonly user_type?: string;
    readonly roles?: readonly string[];
    readonly impersonator?: Names & { readonly id: string };
  };
  readonly source?: { readonly type: string };
  readonly target?: {
    readonly type: string;
    readonly id?: string;
    readonly name?: string;
    readonly username?: string;
    readonly within?: { readonly type: string; readonly id: string };
  };
  readonly params?: Readonly<Record<string, Scalar | readonly string[] | { readonly user: string }>>;
  readonly details?: string;
  readonly changes?: readonly { readonly field: string; readonly from?: Scalar; readonly to?: Scalar }[];
  readonly context?: {
    readonly ip?: string;
    readonly user_agent?: string;
    readonly session_id?: string;
    readonly request_id?: string;
    readonly of?: string;
  };
  readonly caused_by?: string;
  readonly adjusted?: readonly string[];
  readonly people?: readonly {
    readonly id: string;
    readonly sealed?: string;
    readonly declared?: true | readonly Names[];
  }[];
}

/** The content of an event. NotGenuine where the bytes are not canonical, CannotTell for another version. */
export function contentOf(canonical: Uint8Array): Content {
  const content = strictJson(canonical);
  if (!isObject(content)) throw new NotGenuine("the content is no object");
  if (content["v"] !== 1) throw new CannotTell(`the content has version ${JSON.stringify(content["v"])}`);
  const fault = misshapen(content);
  if (fault !== null) throw new NotGenuine(`the content's ${fault} is not what the format allows`);
  const known = content as unknown as Content;
  const occurred = timeOf(known.occurred_at);
  if (occurred === null || timeOf(known.received_at) === null) {
    throw new NotGenuine("a time of the content is not in UTC with milliseconds, or on no calendar");
  }
  if (!ID.test(known.id) || occurredMs(known.id) !== occurred) {
    throw new NotGenuine("the id of the content does not begin with the time at which the event occurred");
  }
  return known;
}

/** The value, of which these are the only canonical bytes. */
export function strictJson(canonical: Uint8Array): unknown {
  const text = fromUtf8(canonical);
  let value: unknown;
  let again: string;
  try {
    value = JSON.parse(text ?? "");
    again = encoded(value);
  } catch {
    throw new NotGenuine("the content is no canonical JSON");
  }
  if (again !== text) throw new NotGenuine("the content is not in canonical form");
  return value;
}

/** Keys are ASCII, so that code units are in the order of RFC 8785. */
function encoded(value: unknown): string {
  if (typeof value === "string") {
    if (!isEncodable(value)) throw new RangeError("half a character");
    return JSON.stringify(value);
  }
  if (typeof value === "boolean") return String(value);
  if (Number.isSafeInteger(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(encoded).join(",")}]`;
  if (!isObject(value)) throw new RangeError("null, or a number that is no exact integer");
  const members = Object.keys(value).sort().map((name) => `${key(name)}:${encoded(value[name])}`);
  return `{${members.join(",")}}`;
}

function key(name: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/^[\x00-\x7f]*$/.test(name)) throw new RangeError("a name beyond ASCII");
  return JSON.stringify(name);
}
