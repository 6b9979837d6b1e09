/** Proofs of single events: the answer of `GET /v1/events/{id}/proof`, with a C2SP `tlog-proof` in it. */

import { type Bytes, hex, isSame } from "./bytes.ts";
import { describe, openedNote, type Signed, type Trust } from "./checkpoints.ts";
import { HASH_BYTES } from "./digest.ts";
import { entryOf, leafOf } from "./entries.ts";
import { NotGenuine } from "./errors.ts";
import { keysOf } from "./evidence.ts";
import { type Fold, foldsOf, leafHash } from "./merkle.ts";
import type { Report } from "./report.ts";
import { ALIASES } from "./rows/aliases.ts";
import { type Content, contentOf } from "./rows/canonical.ts";
import { nativeOf } from "./rows/native.ts";
import { People } from "./rows/people.ts";
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

/** What the steps of a proof came to, to be shown with their values. */
export interface Proven {
  readonly content: Content;
  readonly canonical: Bytes;
  readonly people: People;
  readonly leaf: Bytes;
  readonly entry: Bytes;
  readonly index: number;
  readonly folds: readonly Fold[];
  readonly signed: Signed;
}

/** NotGenuine or CannotTell ends the verification. */
export async function verifyProof(data: Uint8Array, trust: Trust, report: Report): Promise<Proven> {
  const answer = jsonObject(data, "the proof's file");
  const of = (name: string) => field(answer, name, "the proof's file");
  const proof = parseProof(text(of("proof"), "proof"));
  const signed = await openedNote(proof.note, trust);
  describe(signed, report);

  const canonical = base64(of("canonical"), "canonical");
  const entry = base64(of("entry"), "entry");
  const content = contentOf(canonical);
  const leaf = await leafOf(canonical);
  if (text(of("leaf"), "leaf") !== hex(leaf)) throw new NotGenuine("the leaf is not that of the event");
  if (!isSame(await entryOf(content, canonical), entry) || of("event_id") !== content.id) {
    throw new NotGenuine("the entry is not that of the event");
  }
  report.ok(
    `event ${content.id} of tenant ${content.tenant}, environment ${content.environment}: ${content.activity},` +
      ` occurred ${content.occurred_at}, received ${content.received_at}`,
  );
  if (integer(of("index"), "index") !== proof.index) {
    throw new NotGenuine("the answer and the proof in it name different indices");
  }
  const hash = await leafHash(entry);
  const folds = await foldsOf(hash, proof.index, signed.checkpoint.size, proof.path);
  if (!isSame(folds.at(-1)?.hash ?? hash, signed.checkpoint.root)) {
    throw new NotGenuine("the event is not in the log at this index");
  }
  report.ok(`it is entry ${proof.index} of that log`);
  const people = await peopleOf(answer, content, report);
  report.event = nativeOf(content, people, ALIASES.get("generic")!);
  return { content, canonical, people, leaf, entry, index: proof.index, folds, signed };
}

async function peopleOf(answer: Fields, content: Content, report: Report): Promise<People> {
  const given = Object.hasOwn(answer, "people") ? keysOf(answer["people"]) : new Map<string, Bytes>();
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
