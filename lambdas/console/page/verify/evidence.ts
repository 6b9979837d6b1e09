/**
 * The evidence of an export: a file with one compact JSON object a line, in a fixed order.
 *
 * Rows come before the entries that they are held against. So the file is read twice: once for the entries, which are
 * kept, once for the rows, of which a few at a time are in memory.
 */

import type { Bytes } from "./bytes.ts";
import { ENTRY_BYTES } from "./entries.ts";
import { CannotTell, NotGenuine } from "./errors.ts";
import { Lines } from "./file_lines.ts";
import { Edge } from "./merkle.ts";
import type { Keys } from "./rows/people.ts";
import { base64, compactObject, type Fields, field, integer, items, only, text } from "./strict.ts";

const EVENT_KEY_BYTES = 64;
const MAX_ENTRIES = 1_000;
const ROW = '{"index":';
const ENTRIES = '{"entries":';

/** An event with its index in the log. */
export interface Sealed {
  readonly index: number;
  readonly canonical: Bytes;
}

/** A row's event, with its opening keys by GUID. A forgotten person has none. */
export interface SealedRow extends Sealed {
  readonly keys: Keys;
}

/** The first line. */
export interface Header {
  readonly manifest: Bytes;
  readonly completion: Sealed;
  /** A signed note, as `since`. */
  readonly checkpoint: string;
  readonly since: string | null;
  /** Of the log where the entries begin. */
  readonly edge: Edge;
}

export class Evidence {
  private constructor(
    private readonly file: Blob,
    readonly header: Header,
    private readonly rowsAt: number,
    readonly rowsCounted: number,
    readonly disclosed: readonly Sealed[],
    private readonly entriesAt: number,
  ) {}

  static async of(file: Blob): Promise<Evidence> {
    const lines = new Lines(file);
    const header = headerOf(await lines.next());
    const rowsAt = lines.at;
    let [line, count] = [await lines.next(), 0];
    for (; begins(line, ROW); line = await lines.next()) count++;
    return new Evidence(file, header, rowsAt, count, disclosedOf(line), lines.at);
  }

  /** All entries, up to 1,000 at a time. The file's end is checked behind them. */
  async *entries(): AsyncGenerator<Bytes> {
    const lines = new Lines(this.file, this.entriesAt);
    let [line, count] = [await lines.next(), 0];
    for (; begins(line, ENTRIES); line = await lines.next()) {
      const data = base64(only(compactObject(line, "a line of entries"), ["entries"], "it")["entries"], "entries");
      if (data.length === 0 || data.length > MAX_ENTRIES * ENTRY_BYTES || data.length % ENTRY_BYTES !== 0) {
        throw new NotGenuine("a line of the evidence does not hold 1 to 1,000 entries");
      }
      count += data.length / ENTRY_BYTES;
      yield data;
    }
    const what = "the evidence's last line";
    const end = only(only(compactObject(line, what), ["end"], what)["end"], ["rows", "entries"], "the evidence's end");
    if (end["rows"] !== this.rowsCounted || end["entries"] !== count) {
      throw new NotGenuine("the evidence does not hold as many rows and entries as its last line says");
    }
    if (lines.at < this.file.size) throw new NotGenuine("the evidence goes on behind its last line");
  }

  /** A line for each row of the exported file, in its order; `rowOf` reads it. */
  async *rows(): AsyncGenerator<Bytes> {
    const lines = new Lines(this.file, this.rowsAt);
    for (let row = 0; row < this.rowsCounted; row++) yield await lines.next();
  }
}

export function rowOf(line: Uint8Array): SealedRow {
  const row = only(compactObject(line, "a row"), ["index", "canonical", "people"], "a row");
  return { ...sealedOf(row), keys: keysOf(row["people"]) };
}

/** The opening keys by GUID, of a list of `{"id", "key"}`. */
export function keysOf(people: unknown): Map<string, Bytes> {
  const found = new Map<string, Bytes>();
  for (const each of items(people, "people")) {
    const person = only(each, ["id", "key"], "a person");
    const [guid, key] = [text(person["id"], "a person's id"), base64(person["key"], "a person's key")];
    if (found.has(guid) || key.length !== EVENT_KEY_BYTES) {
      throw new NotGenuine("a person's key appears twice, or does not have 64 bytes");
    }
    found.set(guid, key);
  }
  return found;
}

function headerOf(line: Uint8Array): Header {
  const what = "the evidence's first line";
  const header = compactObject(line, what);
  if (header["daybook"] !== "evidence") throw new NotGenuine("the file is not the evidence of an export");
  if (integer(field(header, "v", "the evidence"), "v") !== 1) {
    throw new CannotTell("the evidence has a version that this program does not know");
  }
  only(header, ["daybook", "v", "manifest", "completion", "checkpoint", "since", "edge"], what);
  const edge = only(header["edge"], ["size", "hashes"], "edge");
  const hashes = items(edge["hashes"], "hashes").map((each) => base64(each, "a hash of the edge"));
  const since = header["since"];
  return {
    manifest: base64(header["manifest"], "manifest"),
    completion: sealedOf(only(header["completion"], ["index", "canonical"], "completion")),
    checkpoint: text(header["checkpoint"], "checkpoint"),
    since: since === null ? null : text(since, "since"),
    edge: new Edge(integer(edge["size"], "the edge's size"), hashes),
  };
}

function disclosedOf(line: Uint8Array): readonly Sealed[] {
  const disclosed = only(compactObject(line, "a line of the evidence"), ["disclosed"], "the line behind the rows");
  return items(disclosed["disclosed"], "disclosed").map((each) =>
    sealedOf(only(each, ["index", "canonical"], "a disclosed event")),
  );
}

const sealedOf = (event: Fields): Sealed => ({
  index: integer(event["index"], "index"),
  canonical: base64(event["canonical"], "canonical"),
});

function begins(line: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (line[at] !== text.charCodeAt(at)) return false;
  return true;
}
