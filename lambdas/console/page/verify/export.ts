/**
 * Exports: whether each row of a file is genuine, and whether no event of its span is missing.
 *
 * The steps follow one another, and the first that fails ends the verification. Only missing events are all counted.
 */

import { Arrivals } from "./arrivals.ts";
import { Beginning } from "./beginning.ts";
import { type Bytes, hex, isAt, isSame, utf8 } from "./bytes.ts";
import { describe, openedNote, type Signed, type Trust } from "./checkpoints.ts";
import { Excuses, lookForMissing } from "./completeness.ts";
import { sha256 } from "./digest.ts";
import { retentionChanges } from "./disclosures.ts";
import { ENTRY_BYTES, entryOf } from "./entries.ts";
import { CannotTell, NotGenuine } from "./errors.ts";
import { Evidence, rowOf, type Sealed } from "./evidence.ts";
import type { Kept } from "./kept.ts";
import { LogCopy } from "./log_copy.ts";
import { checkPlace, covers, type Manifest, parseManifest } from "./manifest.ts";
import type { Progress } from "./progress.ts";
import type { Report } from "./report.ts";
import { type Content, contentOf } from "./rows/canonical.ts";
import { Renderer } from "./rows/lines.ts";
import { People } from "./rows/people.ts";
import { milliseconds } from "./strict.ts";

/** WebCrypto hashes a file in one piece, which must fit into memory. */
export const MAX_FILE = 1 << 30;
const ROWS_AT_ONCE = 64;
/** The tz database has names of 3 to 6 characters. */
const MAX_ABBREVIATION = 6;

export interface ExportFiles {
  readonly file: Blob;
  readonly evidence: Blob;
  /** The manifest as a file of its own, where the reader has it: it must be the one in the evidence. */
  readonly manifest?: Blob;
  readonly kept?: readonly Kept[];
}

/** Returns the checkpoint of the evidence. NotGenuine or CannotTell ends it. */
export async function verifyExport(files: ExportFiles, trust: Trust, report: Report, progress: Progress): Promise<Signed> {
  const evidence = await Evidence.of(files.evidence);
  const { header } = evidence;
  const signed = await openedNote(header.checkpoint, trust);
  const head = signed.checkpoint;
  describe(signed, report);
  const asked = parseManifest(header.manifest);
  if (asked.log !== head.origin) throw new NotGenuine("the manifest names another log than the checkpoint");
  if (files.manifest !== undefined && !isSame(await read(files.manifest), header.manifest)) {
    throw new NotGenuine("the manifest beside the file is not the one in the evidence");
  }

  const kept = files.kept ?? [];
  const others = new Set(kept.map(({ checkpoint }) => checkpoint.origin).filter((origin) => origin !== head.origin));
  if (others.size > 0) report.note(`kept checkpoints of ${[...others].sort().join(", ")} say nothing of this log`);
  const ofLog = kept.filter(({ checkpoint }) => checkpoint.origin === head.origin);
  const beginning = await Beginning.of(header, signed, trust, ofLog, asked.fromMs);
  const log = new LogCopy(header.edge);
  const met = await log.fill(counted(evidence.entries(), head.size - log.start, progress), beginning.heads);
  await log.mustEndAt(head);
  report.ok(
    `the evidence has ${log.stop - log.start} entries of the log, from ${log.start} on, and they give the signed root`,
  );
  beginning.report(met, report);

  const receivedMs = await checkCompletion(header.completion, asked, header.manifest, log);
  const file = await checkedFile(files.file, asked);
  report.exported = summaryOf(asked);
  report.ok(
    `file and manifest are those of export ${asked.exportId}, as recorded in entry ${header.completion.index}:` +
      ` tenant ${asked.tenant}, environment ${asked.environment}, filters ${asked.filters.join(", ") || "none"},` +
      ` time zone ${String(asked.fields["tz"])}`,
  );

  if (asked.toMs !== null && asked.toMs <= asked.fromMs) {
    report.note("the exported span ends before it begins, so it has no event");
  }
  const closed = await checkRows(file, evidence, asked, log, report, progress);
  report.ok(`${asked.rows} rows are in the log, each once, and say what was recorded`);
  if (closed > 0) {
    report.note(
      `in ${closed} of them somebody is shown as forgotten, because the evidence has no key: that these people were` +
        " forgotten is the log's word",
    );
  }
  const changes = await retentionChanges(evidence.disclosed, asked, log);
  const arrivals = new Arrivals(signed, trust, beginning.keptIn(met), { index: header.completion.index, receivedMs });
  await lookForMissing(log, new Excuses(asked, changes, arrivals), report, beginning.isTrusted(met), progress);
  return signed;
}

const read = async (file: Blob): Promise<Bytes> => new Uint8Array(await file.arrayBuffer());

async function* counted(entries: AsyncIterable<Bytes>, total: number, progress: Progress): AsyncGenerator<Bytes> {
  let done = 0;
  for await (const each of entries) {
    yield each;
    done += each.length / ENTRY_BYTES;
    await progress("entries", done, total);
  }
}

/** When it was received. */
async function checkCompletion(completion: Sealed, asked: Manifest, manifest: Bytes, log: LogCopy): Promise<number> {
  const content = contentOf(completion.canonical);
  await log.accountFor(completion.index, content, completion.canonical);
  if (content.activity !== "audit-log.export-completed" || content.sender !== undefined) {
    throw new NotGenuine("the event of the completion is another event");
  }
  checkPlace(asked, content);
  const expected: Readonly<Record<string, string | number>> = {
    export: asked.exportId,
    file_sha256: asked.sha256,
    manifest_sha256: hex(await sha256(manifest)),
    rows: asked.rows,
  };
  const isRecorded = Object.entries(expected).every(([name, value]) => content.params?.[name] === value);
  if (!isRecorded || content.caused_by !== asked.recordedAs) {
    throw new NotGenuine("file or manifest are not those that the log records");
  }
  return milliseconds(content.received_at, "received_at");
}

async function checkedFile(blob: Blob, asked: Manifest): Promise<Bytes> {
  if (blob.size > MAX_FILE) throw new CannotTell("the file is too large for this page: verify it with daybook-verify");
  const file = await read(blob);
  if (file.length !== asked.size || hex(await sha256(file)) !== asked.sha256) {
    throw new NotGenuine("the file is not the one that was exported");
  }
  return file;
}

interface Prepared {
  readonly index: number;
  readonly content: Content;
  readonly entry: Bytes;
  readonly people: People;
}

/** In how many rows somebody is closed. */
async function checkRows(
  file: Bytes,
  evidence: Evidence,
  asked: Manifest,
  log: LogCopy,
  report: Report,
  progress: Progress,
): Promise<number> {
  if (evidence.rowsCounted !== asked.rows) {
    throw new NotGenuine(`the evidence has ${evidence.rowsCounted} rows, the manifest ${asked.rows}`);
  }
  const renderer = new Renderer(asked.fields);
  if (renderer.abbreviationAt !== null) {
    report.note("how the time zone is called behind each time is the file's word: a browser has no such names");
  }
  let at = taken(file, 0, renderer.header, "the header");
  let [before, closed, number] = ["", 0, 0];
  for await (const batch of batches(evidence.rows())) {
    for (const row of await Promise.all(batch.map(prepared))) {
      if (row instanceof Error) throw row;
      const { index, content, entry, people } = row;
      number++;
      log.account(index, content, entry);
      checkPlace(asked, content);
      checkSpan(content, asked);
      if (before !== "" && (before === content.id || before < content.id !== asked.ascending)) {
        throw new NotGenuine(`row ${number}, event ${content.id}, is not in the order of the manifest`);
      }
      before = content.id;
      if (people.closed.length > 0) closed++;
      const line = renderer.line(content, people, abbreviation(file, at, renderer.abbreviationAt));
      at = taken(file, at, line, `row ${number}, event ${content.id},`);
    }
    await progress("rows", number, asked.rows);
  }
  if (at < file.length) throw new NotGenuine("the file has more rows than the evidence");
  return closed;
}

async function* batches(lines: AsyncIterable<Bytes>): AsyncGenerator<Bytes[]> {
  let batch: Bytes[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length === ROWS_AT_ONCE) {
      yield batch;
      batch = [];
    }
  }
  yield batch;
}

/** Rows of a batch are prepared side by side; what is wrong with one is told when its turn comes. */
async function prepared(line: Bytes): Promise<Prepared | Error> {
  try {
    const { index, canonical, keys } = rowOf(line);
    const content = contentOf(canonical);
    const [entry, people] = await Promise.all([entryOf(content, canonical), People.of(content, keys)]);
    return { index, content, entry, people };
  } catch (error) {
    return error as Error;
  }
}

function checkSpan(content: Content, asked: Manifest): void {
  const occurred = milliseconds(content.occurred_at, "occurred_at");
  if (!covers(asked, occurred) || milliseconds(content.received_at, "received_at") > asked.receivedUntilMs) {
    throw new NotGenuine(`event ${content.id} is outside of the span that was exported`);
  }
}

function abbreviation(file: Bytes, line: number, at: number | null): string | undefined {
  if (at === null) return undefined;
  const behind = String.fromCharCode(...file.subarray(line + at, line + at + MAX_ABBREVIATION));
  return /^[A-Za-z0-9+-]*/.exec(behind)![0];
}

/** Where the file goes on behind what is expected. */
function taken(file: Bytes, at: number, expected: string, what: string): number {
  const bytes = utf8(expected);
  if (!isAt(file, at, bytes)) throw new NotGenuine(`${what} of the file does not say what was recorded`);
  return at + bytes.length;
}

function summaryOf(asked: Manifest): Manifest["fields"] {
  const names = ["export", "tenant", "environment", "from", "to", "received_until", "filters", "tz", "rows"];
  return Object.fromEntries(names.map((name) => [name, asked.fields[name]]));
}
