/** Whether the file holds every event of its span that the log has. */

import type { Arrivals } from "./arrivals.ts";
import type { RetentionChange } from "./disclosures.ts";
import { type Entry, parseEntry } from "./entries.ts";
import type { LogCopy } from "./log_copy.ts";
import { covers, isFiltered, type Manifest, spanOf } from "./manifest.ts";
import type { Progress } from "./progress.ts";
import { MAX_LISTED, type Report } from "./report.ts";

type Why = "beside the span" | "expired" | "missing" | "missing, of a false arrival";

/** Why an entry of the log has no row in the file. */
export class Excuses {
  /** The one that explains the most. */
  readonly change: RetentionChange | null;

  constructor(
    readonly asked: Manifest,
    changes: readonly RetentionChange[],
    private readonly arrivals: Arrivals,
  ) {
    this.change = changes.reduce<RetentionChange | null>(
      (most, each) => (most !== null && most.goneBeforeMs >= each.goneBeforeMs ? most : each),
      null,
    );
  }

  of(index: number, entry: Entry): Why {
    if (!covers(this.asked, entry.occurredMs)) return "beside the span";
    const isLate = entry.receivedMs > this.asked.receivedUntilMs;
    if (isLate && this.arrivals.couldBe(index, entry.receivedMs)) return "beside the span";
    if (this.change !== null && entry.occurredMs < this.change.goneBeforeMs) return "expired";
    return isLate ? "missing, of a false arrival" : "missing";
  }
}

/** `beginsWell`: whether the entries are known to begin before the span. */
export async function lookForMissing(
  log: LogCopy,
  excuses: Excuses,
  report: Report,
  beginsWell: boolean,
  progress: Progress,
): Promise<void> {
  const { asked, change } = excuses;
  if (isFiltered(asked)) {
    report.note("the export was filtered, so nothing is said of its completeness");
    return;
  }
  const { expired, missing, unknown } = await counted(log, excuses, report, progress);
  if (expired > 0 && change !== null) {
    report.note(
      `${expired} events of the span have no row: they were older than ${change.days} days when the retention was` +
        ` changed at ${change.at}, in entry ${change.index}. That they are gone for this reason is the log's word`,
    );
  }
  if (missing > 0) {
    report.complete = false;
    report.bad(`${missing} events of the span have no row, and nothing explains it`);
  } else if (unknown > 0) {
    report.unknown(`${unknown} entries are of a kind that this program does not know: take a newer one`);
  } else if (!beginsWell) {
    report.unknown(
      `whether events are missing: that the first ${log.start} entries lie before the span is the log's word alone.` +
        " Give a checkpoint that you kept before the span, or a cosigner that you trust",
    );
  } else {
    report.complete = true;
    const but = expired > 0 ? `, but for the ${expired} that a retention explains` : "";
    report.ok(`complete: every event in the log that ${spanOf(asked)} has its row${but}`);
  }
}

interface Counts {
  readonly expired: number;
  readonly missing: number;
  readonly unknown: number;
}

const AT_ONCE = 1_000;

/** How many entries without a row are expired, missing, and of an unknown kind. */
async function counted(log: LogCopy, excuses: Excuses, report: Report, progress: Progress): Promise<Counts> {
  const counts = { expired: 0, missing: 0, unknown: 0 };
  for (const [index, data] of log.unaccounted()) {
    if (index % AT_ONCE === 0) await progress("entries", index - log.start, log.stop - log.start);
    const entry = parseEntry(data);
    const why = entry === null ? "unknown" : excuses.of(index, entry);
    if (why === "unknown" || why === "expired") counts[why]++;
    if (entry === null || !why.startsWith("missing")) continue;
    if (++counts.missing > MAX_LISTED) continue;
    const more = why === "missing" ? "" : ", and it was in the log before it says that it was received";
    report.bad(`MISSING: entry ${index}, event ${entry.id}, has no row${more}`);
  }
  return counts;
}
