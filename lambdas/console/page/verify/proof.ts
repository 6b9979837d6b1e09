/** Proofs of single events: the answer of `GET /v1/events/{id}/proof`, with a C2SP `tlog-proof` in it. */

import { type Bytes, hex, isSame } from "./bytes.ts";
import { type Checkpoint, describe, openedNote, parseCheckpoint, type Signed, type Trust } from "./checkpoints.ts";
import { HASH_BYTES } from "./digest.ts";
import { entryOf, leafOf } from "./entries.ts";
import { NotGenuine } from "./errors.ts";
import { keysOf } from "./evidence.ts";
import { type Fold, foldsOf, leafHash } from "./merkle.ts";
import { parseNote } from "./notes.ts";
import type { Report } from "./report.ts";
import { ALIASES } from "./rows/aliases.ts";
import { type Content, contentOf } from "./rows/canonical.ts";
import { nativeOf } from "./rows/native.ts";
import { type Keys, People } from "./rows/people.ts";
import { base64, decimal, type Fields, field, integer, jsonObject, text } from "./strict.ts";

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
const MAX_PATH = 64;

/** What the text of a proof says. */
export interface InclusionProof {
  readonly index: number;
  readonly path: readonly Bytes[];
  readonly note: string;
}

export function parseProof(proof: string): InclusionProof {
  const at = proof.indexOf("\n\n");
  const [first, ...lines] = proof.slice(0, Math.max(0, at)).split("\n");
  if (first !== FIRST_LINE) throw new NotGenuine(`the proof is not a ${FIRST_LINE}`);
  if (lines[0]?.startsWith("extra ")) base64(lines.shift()!.slice("extra ".length), "the proof's extra data");
  if (!lines[0]?.startsWith("index ") || lines.length > 1 + MAX_PATH) {
    throw new NotGenuine("the proof names no index, or its path is too long");
  }
  const path = lines.slice(1).map((line) => base64(line, "a hash of the proof"));
  if (path.some((each) => each.length !== HASH_BYTES)) throw new NotGenuine("a hash of the proof is not a SHA-256");
  return { index: decimal(lines[0].slice("index ".length), "the proof's index"), path, note: proof.slice(at + 2) };
}

/** The answer, taken apart. Nothing of it is checked yet. */
export interface Given {
  readonly answer: Fields;
  readonly content: Content;
  readonly canonical: Bytes;
  readonly entry: Bytes;
  readonly inclusion: InclusionProof;
  /** What the note says, whoever signed it. */
  readonly checkpoint: Checkpoint;
}

/** NotGenuine or CannotTell where it is no proof of an event. */
export async function givenIn(data: Uint8Array): Promise<Given> {
  const answer = jsonObject(data, "the proof's file");
  const inclusion = parseProof(text(of(answer, "proof"), "proof"));
  const canonical = base64(of(answer, "canonical"), "canonical");
  return {
    answer,
    content: contentOf(canonical),
    canonical,
    entry: base64(of(answer, "entry"), "entry"),
    inclusion,
    checkpoint: await parseCheckpoint(parseNote(inclusion.note).text),
  };
}

/** The canonical bytes hash to the leaf that is answered. Gives the leaf. */
export async function checkLeaf({ answer, canonical }: Given): Promise<Bytes> {
  const leaf = await leafOf(canonical);
  if (text(of(answer, "leaf"), "leaf") !== hex(leaf)) throw new NotGenuine("the leaf is not that of the event");
  return leaf;
}

/** The entry has the event's id, its time of receipt and the leaf. */
export async function checkEntry({ answer, content, canonical, entry }: Given): Promise<void> {
  if (!isSame(await entryOf(content, canonical), entry) || of(answer, "event_id") !== content.id) {
    throw new NotGenuine("the entry is not that of the event");
  }
}

/** The entry's hash folds along the path to the checkpoint's root. Gives the steps of it. */
export async function checkPath({ answer, entry, inclusion, checkpoint }: Given): Promise<readonly Fold[]> {
  if (integer(of(answer, "index"), "index") !== inclusion.index) {
    throw new NotGenuine("the answer and the proof in it name different indices");
  }
  const hash = await leafHash(entry);
  const folds = await foldsOf(hash, inclusion.index, checkpoint.size, inclusion.path);
  if (!isSame(folds.at(-1)?.hash ?? hash, checkpoint.root)) {
    throw new NotGenuine("the event is not in the log at this index");
  }
  return folds;
}

/** NotGenuine or CannotTell ends the verification. */
export async function verifyProof(data: Uint8Array, trust: Trust, report: Report): Promise<Signed> {
  const given = await givenIn(data);
  const { answer, content, inclusion } = given;
  const signed = await openedNote(inclusion.note, trust);
  describe(signed, report);
  await checkLeaf(given);
  await checkEntry(given);
  report.ok(
    `event ${content.id} of tenant ${content.tenant}, environment ${content.environment}: ${content.activity},` +
      ` occurred ${content.occurred_at}, received ${content.received_at}`,
  );
  await checkPath(given);
  report.ok(`it is entry ${inclusion.index} of that log`);
  report.event = nativeOf(content, await peopleOf(answer, content, report), ALIASES.get("generic")!);
  return signed;
}

const of = (answer: Fields, name: string): unknown => field(answer, name, "the proof's file");

/** The keys that open people of this event, where the answer discloses them. */
export const keysGiven = (answer: Fields): Keys =>
  Object.hasOwn(answer, "people") ? keysOf(answer["people"]) : new Map<string, Bytes>();

async function peopleOf(answer: Fields, content: Content, report: Report): Promise<People> {
  const given = keysGiven(answer);
  const people = await People.of(content, given, { allKeysAreGiven: false });
  if (given.size > 0) report.ok(`the given keys open what the event says of ${[...given.keys()].join(", ")}`);
  const { closed } = people;
  if (closed.length > 0) {
    report.note(
      `what it says of ${closed.join(", ")} stays closed, since no key is given: whether they are forgotten is not shown`,
    );
  }
  return people;
}
