/** Runs a verification and keeps the page alive meanwhile. */

import { type Bytes, hex } from "./bytes.ts";
import { type Signed, trustOf } from "./checkpoints.ts";
import { sha256 } from "./digest.ts";
import { CannotTell, NotGenuine } from "./errors.ts";
import { verifyExport } from "./export.ts";
import type { Kind } from "./files.ts";
import { keptIn } from "./kept.ts";
import type { Progress } from "./progress.ts";
import { verifyProof } from "./proof.ts";
import { Report } from "./report.ts";
import { jsonObject } from "./strict.ts";

export type Files = Readonly<Partial<Record<Kind, File>>>;

export interface Asked {
  readonly files: Files;
  /** Lines of keys. */
  readonly keys: readonly string[];
  readonly cosigners: readonly string[];
}

export interface Result {
  readonly report: Report;
  /** The checkpoint that everything was held against. */
  readonly signed: Signed | null;
}

/** The page answers clicks at least this often. */
const BREATHE_MS = 16;

/** `progress` is told of what was done, about every 16 ms. An abort throws `AbortError`. */
export async function run(asked: Asked, progress: (text: string, share: number) => void, abort: AbortSignal): Promise<Result> {
  const report = new Report();
  let breathed = performance.now();
  const breathe: Progress = async (what, done, total) => {
    if (performance.now() - breathed < BREATHE_MS) return;
    progress(`${count(done)} of ${count(total)} ${what}`, total === 0 ? 1 : done / total);
    await new Promise((resolve) => setTimeout(resolve));
    abort.throwIfAborted();
    breathed = performance.now();
  };
  try {
    return { report, signed: await verify(asked, report, breathe) };
  } catch (error) {
    if (abort.aborted) throw error;
    report.endedBy(error);
    return { report, signed: null };
  }
}

const count = (number: number): string => number.toLocaleString("en");

async function verify({ files, keys, cosigners }: Asked, report: Report, progress: Progress): Promise<Signed | null> {
  if (!globalThis.isSecureContext) {
    throw new CannotTell("this page was not loaded over HTTPS, so the browser offers it no cryptography");
  }
  const { file, evidence, manifest, proof } = files;
  if (file !== undefined && evidence === undefined && proof === undefined) {
    await compareWithManifest(file, manifest, report);
    return null;
  }
  const trust = await trustOf(keys, cosigners);
  if (proof !== undefined) return verifyProof(await read(proof), trust, report);
  if (file === undefined || evidence === undefined) throw new CannotTell("the exported file is missing");
  const kept = files.kept === undefined ? [] : await keptIn(await files.kept.text());
  return verifyExport({ file, evidence, kept, ...(manifest === undefined ? {} : { manifest }) }, trust, report, progress);
}

/** Without evidence no signature is at hand: only that two files fit together can be said. */
async function compareWithManifest(file: Blob, manifest: Blob | undefined, report: Report): Promise<void> {
  if (manifest !== undefined) {
    const fields = jsonObject(await read(manifest), "the manifest");
    if (fields["bytes"] !== file.size || fields["sha256"] !== hex(await sha256(await read(file)))) {
      throw new NotGenuine("the file is not the one that the manifest describes");
    }
    report.ok(`the file is the one that the manifest of export ${String(fields["export"])} describes`);
  }
  report.unknown(
    "whether it is genuine: nobody has signed file or manifest. Ask for the export with evidence, and drop that file too",
  );
}

const read = async (file: Blob): Promise<Bytes> => new Uint8Array(await file.arrayBuffer());
