/** What an event shares with others, and which search finds them. */

import type { Schema } from "../../api.ts";
import type { FilterKey } from "../../query.ts";

export interface Neighbourhood {
  /** What is shared: "session". */
  readonly name: string;
  /** From when to when, in words. */
  readonly within: string;
  /** The filters and the span of the search. */
  readonly query: URLSearchParams;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Sessions, requests and addresses have no index, so the search for them has a span. */
export function neighbourhoods(event: Schema["NativeEvent"]): Neighbourhood[] {
  const at = Date.parse(event.occurred_at);
  const { session_id: session, request_id: request, ip } = event.context;
  const { target } = event;
  const who = event.actor.id ?? event.actor.username;
  const on = target?.username ?? target?.id;
  return [
    near("session", "± 1 day", "session_id", session, at, DAY),
    near("request", "± 1 hour", "request_id", request, at, 60 * MINUTE),
    near("person", "± 10 min", "actor", who, at, 10 * MINUTE),
    near("address", "± 1 day", "ip", ip, at, DAY),
    near("target", "at any time", "target", target && on ? `${target.type}:${on}` : null, at, null),
  ].filter((one) => one !== null);
}

function near(
  name: string, within: string, key: FilterKey, value: string | null | undefined, at: number, reach: number | null,
): Neighbourhood | null {
  if (!value) return null;
  const query = new URLSearchParams({ [key]: value });
  if (reach !== null) {
    query.set("from", new Date(at - reach).toISOString());
    query.set("to", new Date(at + reach).toISOString());
  }
  return { name, within, query };
}
