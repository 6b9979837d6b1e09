/**
 * Where the entries of an evidence begin. Whoever leaves out the log's beginning could leave out events with it.
 *
 * An event may be stamped five minutes ahead of its arrival. So every event that occurred from a moment on arrived later
 * than five minutes before it, and a checkpoint that existed by then covers none of them. That it existed by then, the
 * auditor knows from having kept it, or from a cosigner. The log's own word is not enough.
 */

import { type Bytes, isSame } from "./bytes.ts";
import { cosignedAt, openedNote, type Signed, type Trust } from "./checkpoints.ts";
import { NotGenuine } from "./errors.ts";
import type { Header } from "./evidence.ts";
import { type Kept, rootsOf } from "./kept.ts";
import type { Report } from "./report.ts";

/** How far ahead of its arrival an event may be stamped. */
const AHEAD_MS = 5 * 60 * 1_000;

export class Beginning {
  private constructor(
    private readonly size: number,
    private readonly byMs: number,
    private readonly since: Signed | null,
    private readonly trust: Trust,
    private readonly kept: readonly Kept[],
    /** Roots that the log must have had, by size. */
    readonly heads: ReadonlyMap<number, Bytes>,
  ) {}

  /**
   * `kept`: what the auditor kept of this log. `fromMs`: where the exported span begins. NotGenuine where the evidence
   * contradicts itself or what the auditor kept.
   */
  static async of(header: Header, head: Signed, trust: Trust, kept: readonly Kept[], fromMs: number): Promise<Beginning> {
    const { size } = header.edge;
    if ((header.since === null) !== (size === 0)) {
      throw new NotGenuine("the entries begin within the log, and no checkpoint says where, or the other way round");
    }
    const since = header.since === null ? null : await sinceOf(header, header.since, head, trust);
    const covered = kept.filter(({ checkpoint }) => checkpoint.size >= size);
    return new Beginning(size, fromMs - AHEAD_MS, since, trust, covered, rootsOf(covered));
  }

  /** What the auditor kept of the trees whose roots the entries gave. */
  keptIn(met: ReadonlySet<number>): Kept[] {
    return this.kept.filter(({ checkpoint }) => met.has(checkpoint.size));
  }

  /**
   * Whether every event of the span is among the entries, if it is in the log. `met`: sizes of kept checkpoints whose root
   * the entries gave.
   */
  isTrusted(met: ReadonlySet<number>): boolean {
    return this.size === 0 || this.wasKept(met) || this.wasCosigned();
  }

  report(met: ReadonlySet<number>, report: Report): void {
    if (met.size > 0) report.ok(`${met.size} checkpoints that you kept are of the same log`);
    const before = "what lies before the entries was in the log before the span, by a";
    if (this.size === 0) report.ok("the entries begin where the log begins");
    else if (this.wasKept(met)) report.ok(`${before} checkpoint that you kept`);
    else if (this.wasCosigned()) report.ok(`${before} trusted cosigner`);
  }

  private wasKept(met: ReadonlySet<number>): boolean {
    return this.keptIn(met).some(({ seenMs }) => seenMs <= this.byMs);
  }

  private wasCosigned(): boolean {
    const at = this.since === null ? null : cosignedAt(this.since, this.trust.cosigners);
    return at !== null && at * 1_000 <= this.byMs;
  }
}

async function sinceOf(header: Header, note: string, head: Signed, trust: Trust): Promise<Signed> {
  const signed = await openedNote(note, trust);
  const { origin, size, root } = signed.checkpoint;
  if (origin !== head.checkpoint.origin) throw new NotGenuine("the entries begin at a checkpoint of another log");
  if (size !== header.edge.size || !isSame(root, await header.edge.root())) {
    throw new NotGenuine("the edge is not that of the checkpoint at which the entries begin");
  }
  return signed;
}
