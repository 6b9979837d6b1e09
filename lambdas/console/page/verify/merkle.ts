/** The Merkle tree of RFC 6962, section 2.1, with SHA-256. */

import type { Bytes } from "./bytes.ts";
import { HASH_BYTES, sha256 } from "./digest.ts";
import { NotGenuine } from "./errors.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const emptyRoot = (): Promise<Bytes> => sha256();
export const leafHash = (entry: Uint8Array): Promise<Bytes> => sha256(LEAF, entry);
export const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Bytes> => sha256(NODE, left, right);

/** A tree of which only the complete subtrees of its right edge are known, the largest first. It can grow. */
export class Edge {
  readonly hashes: Bytes[];

  constructor(
    public size = 0,
    hashes: readonly Bytes[] = [],
  ) {
    this.hashes = [...hashes];
    const complete = [...size.toString(2)].filter((bit) => bit === "1").length;
    if (hashes.length !== complete || hashes.some((each) => each.length !== HASH_BYTES)) {
      throw new NotGenuine(`the edge has not the hashes of a tree of ${size} entries`);
    }
  }

  /** `leaves`: the leaf hashes of the next entries. Hashes of one level are computed side by side. */
  async append(leaves: readonly Bytes[]): Promise<void> {
    let at = 0;
    while (at < leaves.length) {
      let width = 1;
      while (this.size % (2 * width) === 0 && at + 2 * width <= leaves.length) width *= 2;
      let level = leaves.slice(at, at + width);
      while (level.length > 1) level = await pairs(level);
      let merged = level[0]!;
      for (let place = width; Math.floor(this.size / place) % 2 === 1; place *= 2) {
        merged = await nodeHash(this.hashes.pop()!, merged);
      }
      this.hashes.push(merged);
      this.size += width;
      at += width;
    }
  }

  async root(): Promise<Bytes> {
    if (this.hashes.length === 0) return emptyRoot();
    let root = this.hashes[this.hashes.length - 1]!;
    for (const each of this.hashes.slice(0, -1).reverse()) root = await nodeHash(each, root);
    return root;
  }

  copy(): Edge {
    return new Edge(this.size, this.hashes);
  }
}

function pairs(level: readonly Bytes[]): Promise<Bytes[]> {
  const above: Promise<Bytes>[] = [];
  for (let at = 0; at < level.length; at += 2) above.push(nodeHash(level[at]!, level[at + 1]!));
  return Promise.all(above);
}

/** A step from a leaf to the root. */
export interface Fold {
  readonly sibling: Bytes;
  readonly isLeft: boolean;
  /** What the two give. */
  readonly hash: Bytes;
}

/**
 * The way that an inclusion path leads (RFC 9162, section 2.1.3.2); the last step gives the root. NotGenuine where the
 * path has the wrong length.
 */
export async function foldsOf(leaf: Bytes, index: number, size: number, path: readonly Bytes[]): Promise<Fold[]> {
  if (!(index >= 0 && index < size)) throw new NotGenuine(`the log of ${size} entries has no entry ${index}`);
  const folds: Fold[] = [];
  let [node, last, hash, used] = [index, size - 1, leaf, 0];
  while (last > 0) {
    const isLeft = node % 2 === 1;
    if (isLeft || node < last) {
      const sibling = path[used++];
      if (sibling === undefined) throw new NotGenuine("the inclusion path is too short");
      hash = await (isLeft ? nodeHash(sibling, hash) : nodeHash(hash, sibling));
      folds.push({ sibling, isLeft, hash });
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  if (used < path.length) throw new NotGenuine("the inclusion path is too long");
  return folds;
}

export async function rootOfPath(leaf: Bytes, index: number, size: number, path: readonly Bytes[]): Promise<Bytes> {
  return (await foldsOf(leaf, index, size, path)).at(-1)?.hash ?? leaf;
}

