/** The proof of an event, fetched and checked step by step in this browser. */

import { send } from "../api.ts";
import type { NativeEvent } from "../log/list.ts";
import { type Bytes, fromUtf8, hex } from "../verify/bytes.ts";
import { openedNote, type Signed, type Trust } from "../verify/checkpoints.ts";
import { leafOf } from "../verify/entries.ts";
import type { Fold } from "../verify/merkle.ts";
import { ED25519, parseKey, type VerifierKey } from "../verify/notes.ts";
import { checkEntry, checkLeaf, checkPath, type Given, givenIn, keysGiven } from "../verify/proof.ts";
import { compare, type Compared } from "./compare.ts";
import { readLogs } from "./logs.ts";

/** A step that holds has null, one that fails says why. */
export type Fault = string | null;

export interface Checked {
  readonly given: Given;
  /** Of the canonical bytes, as computed here. */
  readonly leaf: Bytes;
  readonly folds: readonly Fold[];
  readonly signed: Signed | null;
  /** The key of the log that signed. */
  readonly key: VerifierKey | null;
  readonly compared: Compared | null;
  /** Of the four steps. */
  readonly faults: readonly [Fault, Fault, Fault, Fault];
  /** The answer, as `daybook-verify` takes it. */
  readonly text: string;
}

export interface Asked {
  readonly data: Bytes;
  /** Lines of keys of the house's logs. */
  readonly keys: readonly string[];
  /** Whether the keys of the event's people were asked for. */
  readonly disclosed: boolean;
}

/** Asks for the proof, which is recorded, and for the log's keys. Throws `Problem` where there is none yet. */
export async function ask({ id, environment }: NativeEvent, disclose: boolean, abort: AbortSignal): Promise<Asked> {
  const query = { environment, ...(disclose ? { disclose: "true" } : {}) };
  const answer = await send("GET", `events/${encodeURIComponent(id)}/proof`, { query, signal: abort });
  const data = new Uint8Array(await answer.arrayBuffer());
  const logs = await readLogs({ signal: abort });
  return { data, keys: logs.flatMap(({ key }) => key), disclosed: disclose };
}

/** `shown`: the event as the drawer shows it. NotGenuine where the answer is no proof. */
export async function check({ data, keys, disclosed }: Asked, shown: NativeEvent): Promise<Checked> {
  const given = await givenIn(data);
  const { origin } = given.checkpoint;
  const known = await Promise.all(keys.map((line) => settled(parseKey(line))));
  const own = known.flatMap(({ value }) => (value?.name === origin && value.kind === ED25519 ? [value] : []));
  const trust: Trust = { keys: own, cosigners: [], origin: null };
  const leaf = await settled(checkLeaf(given));
  const entry = await settled(checkEntry(given));
  const path = await settled(checkPath(given));
  const signed = await settled(openedNote(given.inclusion.note, trust));
  const compared = await settled(compare(shown, given.content, keysGiven(given.answer), disclosed));
  const differs = compared.value?.different.join(", ");
  const perhaps = compared.value?.forgotten.length ? ". Somebody may have been forgotten since: load the event again" : "";
  return {
    given,
    leaf: leaf.value ?? (await leafOf(given.canonical)),
    folds: path.value ?? [],
    signed: signed.value ?? null,
    key: signed.value?.signatures.find(({ time }) => time === null)?.key ?? null,
    compared: compared.value ?? null,
    faults: [
      leaf.fault,
      entry.fault,
      path.fault,
      signed.fault ?? compared.fault ?? (differs ? `what is shown is not what the bytes say: ${differs}${perhaps}` : null),
    ],
    text: fromUtf8(data) ?? "",
  };
}

async function settled<T>(work: Promise<T>): Promise<{ value?: T; fault: Fault }> {
  try {
    return { value: await work, fault: null };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

/** The entry's parts: its kind, the id, the moment of receipt, and the leaf. */
export const partsOf = ({ entry, content }: Given): readonly string[] => [
  hex(entry.subarray(0, 1)),
  content.id,
  hex(entry.subarray(37, 43)),
  hex(entry.subarray(43)),
];
