/** Reads a file line by line, a piece at a time: evidence can be larger than memory. */

import { type Bytes, joined } from "./bytes.ts";
import { NotGenuine } from "./errors.ts";

const PIECE = 1 << 20;
/** A line holds one event, 1,000 entries, or a manifest. Only the line of disclosed events can grow. */
const MAX_LINE = 64 << 20;
const LINE_FEED = 0x0a;

export class Lines {
  private piece: Bytes = new Uint8Array(0);
  /** Where in the file the piece ends. */
  private end: number;
  private used = 0;

  constructor(
    private readonly file: Blob,
    from = 0,
  ) {
    this.end = from;
  }

  /** Where the next line begins. */
  get at(): number {
    return this.end - this.piece.length + this.used;
  }

  /** Without the line feed. NotGenuine where none ends the line. */
  async next(): Promise<Bytes> {
    let scanned = this.used;
    for (;;) {
      const found = this.piece.indexOf(LINE_FEED, scanned);
      if (found >= 0) {
        const line = this.piece.slice(this.used, found);
        this.used = found + 1;
        return line;
      }
      scanned = this.piece.length - this.used;
      if (this.end >= this.file.size || scanned > MAX_LINE) {
        throw new NotGenuine("the evidence is cut off, or a line of it is too long");
      }
      const more = new Uint8Array(await this.file.slice(this.end, this.end + Math.max(PIECE, scanned)).arrayBuffer());
      this.piece = joined(this.piece.subarray(this.used), more);
      this.used = 0;
      this.end += more.length;
    }
  }
}
