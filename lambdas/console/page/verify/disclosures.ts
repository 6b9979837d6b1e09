/** Events of Daybook's own that the evidence discloses, because they explain why entries of the span have no row. */

import { CLOCKS_MS } from "./arrivals.ts";
import { NotGenuine } from "./errors.ts";
import type { Sealed } from "./evidence.ts";
import type { LogCopy } from "./log_copy.ts";
import { checkPlace, type Manifest } from "./manifest.ts";
import { type Content, contentOf } from "./rows/canonical.ts";
import { milliseconds } from "./strict.ts";

const DAY_MS = 86_400_000;
const UNLIMITED = "unlimited";
const EXPORTED = "audit-log.exported";
const RETENTION_CHANGED = "audit-log.retention-changed";

/** One retention was in force until the change, the other from then on. So by then either allowed its deletions. */
export interface RetentionChange {
  readonly index: number;
  readonly at: string;
  /** The shorter retention of the two. */
  readonly days: number;
  /** Events from before may be gone. */
  readonly goneBeforeMs: number;
}

/** Also accounts for the record of the request, which no row has. NotGenuine for whatever else is disclosed. */
export async function retentionChanges(disclosed: readonly Sealed[], asked: Manifest, log: LogCopy): Promise<RetentionChange[]> {
  const changes: RetentionChange[] = [];
  for (const { index, canonical } of disclosed) {
    const content = contentOf(canonical);
    checkPlace(asked, content);
    if (content.sender !== undefined) {
      throw new NotGenuine(`event ${content.id} is disclosed, and is none of Daybook's own`);
    }
    if (content.id === asked.recordedAs) {
      checkRecord(content, asked);
      await log.accountFor(index, content, canonical);
      continue;
    }
    await log.check(index, content, canonical);
    const change = changeOf(index, content, asked);
    if (change !== null) changes.push(change);
  }
  return changes;
}

/** It names the file. So no other event can be left out under its name. */
function checkRecord(content: Content, asked: Manifest): void {
  if (content.activity !== EXPORTED || content.params?.["filename"] !== asked.fields["filename"]) {
    throw new NotGenuine(`event ${content.id} is not the record of this export's request`);
  }
}

/** Null where both retentions are for ever. */
function changeOf(index: number, content: Content, asked: Manifest): RetentionChange | null {
  const { id, occurred_at: at } = content;
  if (content.activity !== RETENTION_CHANGED) {
    throw new NotGenuine(`event ${id} is disclosed, and is no change of the retention`);
  }
  const occurredMs = milliseconds(at, "occurred_at");
  // Daybook writes it when it happens. What changes after the request is in the manifest's own span.
  if (content.received_at !== at || occurredMs > asked.receivedUntilMs + CLOCKS_MS) {
    throw new NotGenuine(`event ${id} changes the retention at another time than it was received, or too late`);
  }
  const days = Math.min(...["from_days", "to_days"].map((name) => daysOf(content.params?.[name])));
  return days === Infinity ? null : { index, at, days, goneBeforeMs: occurredMs - days * DAY_MS };
}

/** Infinity: for ever. */
function daysOf(value: unknown): number {
  if (value === UNLIMITED) return Infinity;
  if (typeof value !== "string" || !/^[0-9]{1,6}$/.test(value)) {
    throw new NotGenuine("a disclosed change of the retention names no days");
  }
  if (Number(value) < 1) throw new NotGenuine("a disclosed change of the retention names less than a day");
  return Number(value);
}
