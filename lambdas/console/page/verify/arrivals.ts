/** By when an entry had arrived, whatever it says itself: a head that covers it existed then. */

import { cosignedAt, type Signed, type Trust } from "./checkpoints.ts";
import type { Kept } from "./kept.ts";

/** How far clocks may differ. */
export const CLOCKS_MS = 5 * 60 * 1_000;

/**
 * Events are appended in about the order of their arrival. Daybook gives up an export whose completion is not appended
 * within a quarter of an hour.
 */
const APPENDED_WITHIN_MS = 60 * 60 * 1_000;

export class Arrivals {
  /** Up to which size of the log everything had arrived, and by when. */
  private readonly heads: readonly (readonly [size: number, latestMs: number])[];

  /** `completed`: index and arrival of the event of the completion. What lies before it was appended earlier. */
  constructor(signed: Signed, trust: Trust, kept: readonly Kept[], completed: { index: number; receivedMs: number }) {
    const cosigned = cosignedAt(signed, [...trust.keys, ...trust.cosigners]);
    this.heads = [
      [completed.index + 1, completed.receivedMs + APPENDED_WITHIN_MS],
      ...kept.map(({ checkpoint, seenMs }) => [checkpoint.size, seenMs + CLOCKS_MS] as const),
      ...(cosigned === null ? [] : [[signed.checkpoint.size, cosigned * 1_000 + CLOCKS_MS] as const]),
    ];
  }

  /** Whether the entry of this index can have been received at this moment. */
  couldBe(index: number, receivedMs: number): boolean {
    return this.heads.every(([size, latestMs]) => index >= size || receivedMs <= latestMs);
  }
}
