/** The manifest of an export: what its file is meant to hold. */

import { CannotTell, NotGenuine } from "./errors.ts";
import type { Content } from "./rows/canonical.ts";
import { type Fields, field, integer, items, jsonObject, milliseconds, text } from "./strict.ts";

/** Filters that choose a span of the log, not events within it. */
const UNFILTERED = ["environment", "from", "to", "range"];

/** The fields that the verification rests on. Times are in milliseconds; `toMs` is null for an open end. */
export interface Manifest {
  readonly fields: Fields;
  readonly exportId: string;
  readonly tenant: string;
  readonly environment: string;
  readonly log: string;
  readonly sha256: string;
  readonly ascending: boolean;
  readonly recordedAs: string;
  readonly filters: readonly string[];
  readonly rows: number;
  readonly size: number;
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly receivedUntilMs: number;
}

export function parseManifest(data: Uint8Array): Manifest {
  const fields = jsonObject(data, "the manifest");
  const of = (name: string) => field(fields, name, "the manifest");
  const textOf = (name: string) => text(of(name), name);
  if (integer(of("version"), "the manifest's version") !== 1) {
    throw new CannotTell("the manifest has a version that this program does not know");
  }
  if (of("evidence") !== true) throw new NotGenuine("the manifest is not that of an export with evidence");
  if (typeof of("mark") !== "boolean") throw new NotGenuine("the manifest's mark is not true or false");
  const sort = textOf("sort");
  // Evidence is of files in the order of time alone.
  if (sort !== "occurred_at" && sort !== "-occurred_at") {
    throw new CannotTell("the manifest names an order that this program does not know");
  }
  for (const name of ["view", "tz", "format", "filename", "tenant_name", "tenant_profile"]) textOf(name);
  if (of("asked_at") !== of("received_until")) {
    throw new NotGenuine("the manifest's asked_at and received_until differ: an export has what was received by its asking");
  }
  const filters = items(of("filters"), "filters").map((each) => text(each, "a filter"));
  const environment = textOf("environment");
  if (filters.some((each) => each.startsWith("environment=") && each !== `environment=${environment}`)) {
    throw new NotGenuine("the manifest names another environment than its filters");
  }
  return {
    fields,
    exportId: textOf("export"),
    tenant: textOf("tenant"),
    environment,
    log: textOf("log"),
    sha256: textOf("sha256"),
    ascending: sort === "occurred_at",
    recordedAs: textOf("recorded_as"),
    filters,
    rows: integer(of("rows"), "rows"),
    size: integer(of("bytes"), "bytes"),
    fromMs: milliseconds(of("from"), "from"),
    toMs: of("to") === null ? null : milliseconds(of("to"), "to"),
    receivedUntilMs: milliseconds(of("received_until"), "received_until"),
  };
}

export const isFiltered = (asked: Manifest): boolean =>
  !asked.filters.every((each) => UNFILTERED.includes(each.split("=", 1)[0]!));

export const covers = (asked: Manifest, occurredMs: number): boolean =>
  asked.fromMs <= occurredMs && (asked.toMs === null || occurredMs < asked.toMs);

/** NotGenuine for an event of another tenant or environment. */
export function checkPlace(asked: Manifest, content: Content): void {
  if (content.tenant !== asked.tenant || content.environment !== asked.environment) {
    throw new NotGenuine(`event ${content.id} is of another tenant or environment`);
  }
}

/** Which events are meant, in words. */
export function spanOf({ fields }: Manifest): string {
  const end = fields["to"] === null ? "" : ` and before ${String(fields["to"])}`;
  return `occurred from ${String(fields["from"])} on${end}, and was received by ${String(fields["received_until"])},`;
}
