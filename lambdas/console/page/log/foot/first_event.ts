/** The first event, in words that can be copied: for a program, and for a shell. */

import { address } from "../../api.ts";
import { curl } from "../../parts/shell.ts";
import { environment, me } from "../../session.ts";

export const INSTALL = "pip install ./clients/python";

const ACTIVITY = "user.signed_in";
const ACTOR = { type: "user", username: "mike.mars" };

/** Three lines for the Python client. */
export function pythonLines(key: string): string {
  // JSON's texts are Python's too. The client adds `/v1` itself.
  const base = new URL(".", document.baseURI).href.replace(/\/$/, "");
  const given = [base, key].map((text) => JSON.stringify(text));
  // Daybook takes the tenant's first environment for an event that names none.
  const chosen = environment.value;
  if (chosen !== null && chosen !== me.value?.environments[0]) given.push(`environment=${JSON.stringify(chosen)}`);
  return [
    "from daybook_client import Daybook",
    `daybook = Daybook(${given.join(", ")})`,
    `daybook.record(${JSON.stringify(ACTIVITY)}, actor={"type": "${ACTOR.type}", "username": "${ACTOR.username}"})`,
  ].join("\n");
}

export function curlCommand(key: string): string {
  const event = { activity: ACTIVITY, environment: environment.value, actor: ACTOR };
  const url = new URL(address("events", { inEnvironment: false }), document.baseURI).href;
  return curl(url, { key, json: event });
}
