/** The part of a log that an export's evidence brings: its entries, to be looked up by index. */

import { type Bytes, isAt, isSame, joined } from "./bytes.ts";
import type { Checkpoint } from "./checkpoints.ts";
import { ENTRY_BYTES, entryOf } from "./entries.ts";
import { NotGenuine } from "./errors.ts";
import { type Edge, leafHash } from "./merkle.ts";
import type { Content } from "./rows/canonical.ts";

/** Entries from `start` to `stop`. It remembers which of them have been accounted for. */
export class LogCopy {
  readonly start: number;
  private readonly edge: Edge;
  private entries: Bytes = new Uint8Array(0);
  private accounted: Bytes = new Uint8Array(0);

  /** `edge`: of the log where the entries begin. */
  constructor(edge: Edge) {
    this.edge = edge.copy();
    this.start = edge.size;
  }

  get stop(): number {
    return this.edge.size;
  }

  /**
   * Takes the entries, any number at a time. Answers which of `heads`, roots by size, were met. NotGenuine for another
   * root.
   */
  async fill(given: AsyncIterable<Bytes>, heads: ReadonlyMap<number, Bytes>): Promise<Set<number>> {
    const met = new Set<number>();
    const pieces: Bytes[] = [];
    await this.meet(heads, met);
    for await (const piece of given) {
      pieces.push(piece);
      let leaves = await Promise.all(entriesIn(piece).map(leafHash));
      const last = this.edge.size + leaves.length;
      for (const size of [...heads.keys()].filter((each) => this.edge.size < each && each <= last).sort((a, b) => a - b)) {
        const until = size - this.edge.size;
        await this.edge.append(leaves.slice(0, until));
        leaves = leaves.slice(until);
        await this.meet(heads, met);
      }
      await this.edge.append(leaves);
    }
    this.entries = joined(...pieces);
    this.accounted = new Uint8Array(this.stop - this.start);
    return met;
  }

  async mustEndAt({ size, root }: Checkpoint): Promise<void> {
    if (this.stop !== size || !isSame(await this.edge.root(), root)) {
      throw new NotGenuine("edge and entries of the evidence do not give the checkpoint's root");
    }
  }

  /** NotGenuine where the entry is not that of the event. */
  async check(index: number, content: Content, canonical: Uint8Array): Promise<void> {
    this.checkEntry(index, content, await entryOf(content, canonical));
  }

  /** As `check`. NotGenuine also where the entry is another row's too. */
  async accountFor(index: number, content: Content, canonical: Uint8Array): Promise<void> {
    this.account(index, content, await entryOf(content, canonical));
  }

  /** As `accountFor`, of the entry that the event must have. */
  account(index: number, content: Content, entry: Bytes): void {
    this.checkEntry(index, content, entry);
    if (this.accounted[index - this.start]) throw new NotGenuine(`event ${content.id}: entry ${index} is used twice`);
    this.accounted[index - this.start] = 1;
  }

  /** Index and entry of all others. */
  *unaccounted(): Generator<readonly [number, Bytes]> {
    for (let at = this.accounted.indexOf(0); at >= 0; at = this.accounted.indexOf(0, at + 1)) {
      yield [this.start + at, this.entries.subarray(at * ENTRY_BYTES, (at + 1) * ENTRY_BYTES)];
    }
  }

  private checkEntry(index: number, content: Content, entry: Bytes): void {
    if (!(this.start <= index && index < this.stop)) {
      throw new NotGenuine(`event ${content.id}: the evidence has no entry ${index}`);
    }
    if (!isAt(this.entries, (index - this.start) * ENTRY_BYTES, entry)) {
      throw new NotGenuine(`event ${content.id} is not what entry ${index} of the log says`);
    }
  }

  private async meet(heads: ReadonlyMap<number, Bytes>, met: Set<number>): Promise<void> {
    const { size } = this.edge;
    const root = heads.get(size);
    if (root === undefined) return;
    if (!isSame(await this.edge.root(), root)) {
      throw new NotGenuine(`the log was rewritten: it had another root at ${size} entries`);
    }
    met.add(size);
  }
}

const entriesIn = (piece: Bytes): Bytes[] =>
  Array.from({ length: piece.length / ENTRY_BYTES }, (_, at) => piece.subarray(at * ENTRY_BYTES, (at + 1) * ENTRY_BYTES));
