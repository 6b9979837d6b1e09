// The verifier of the console's page, in Node: answers each line of its input, a call, with a line.

import { createInterface } from "node:readline";

import { fromBase64, fromUtf8, toBase64, utf8 } from "../../lambdas/console/page/verify/bytes.ts";
import { openedNote, trustOf } from "../../lambdas/console/page/verify/checkpoints.ts";
import { CannotTell, NotGenuine } from "../../lambdas/console/page/verify/errors.ts";
import { verifyExport } from "../../lambdas/console/page/verify/export.ts";
import { keptIn } from "../../lambdas/console/page/verify/kept.ts";
import { Edge, leafHash, rootOfPath } from "../../lambdas/console/page/verify/merkle.ts";
import { parseKey, parseNote, verified } from "../../lambdas/console/page/verify/notes.ts";
import { verifyProof } from "../../lambdas/console/page/verify/proof.ts";
import { Report } from "../../lambdas/console/page/verify/report.ts";
import { contentOf, strictJson } from "../../lambdas/console/page/verify/rows/canonical.ts";
import { nativeJson, Renderer } from "../../lambdas/console/page/verify/rows/lines.ts";
import { letters } from "../../lambdas/console/page/verify/rows/names.ts";
import { People } from "../../lambdas/console/page/verify/rows/people.ts";
import { code } from "../../lambdas/console/page/verify/rows/wording.ts";

const bytes = (text) => fromBase64(text);
const shown = (report) => ({
  findings: report.findings.map(({ kind, text }) => [kind, text]),
  verdict: report.verdict,
  complete: report.complete,
  event: report.event && JSON.parse(nativeJson(report.event)),
  exported: report.exported,
});

// Also a log's own key of times as a cosigner, which `trustOf` refuses.
const trusted = async ({ keys, cosigners, origin }) => ({
  keys: await Promise.all(keys.map(parseKey)),
  cosigners: await Promise.all(cosigners.map(parseKey)),
  origin,
});

async function reported(given, verify) {
  const report = new Report();
  try {
    await verify(report, await trusted(given));
  } catch (error) {
    report.endedBy(error);
  }
  return shown(report);
}

const CALLS = {
  export: (given) =>
    reported(given, async (report, trust) => {
      const files = {
        file: new Blob([bytes(given.file)]),
        evidence: new Blob([bytes(given.evidence)]),
        kept: given.kept === null ? [] : await keptIn(given.kept),
        ...(given.manifest ? { manifest: new Blob([bytes(given.manifest)]) } : {}),
      };
      await verifyExport(files, trust, report, async () => {});
    }),
  proof: (given) => reported(given, (report, trust) => verifyProof(bytes(given.data), trust, report)),
  header: ({ manifest }) => new Renderer(manifest).header,
  async row({ manifest, canonical, keys, abbreviation }) {
    const renderer = new Renderer(manifest);
    const content = contentOf(bytes(canonical));
    const opened = new Map(Object.entries(keys).map(([guid, key]) => [guid, bytes(key)]));
    return renderer.line(content, await People.of(content, opened), abbreviation);
  },
  canonical: ({ data }) => strictJson(bytes(data)),
  content: ({ data }) => contentOf(bytes(data)),
  key: async ({ line }) => (await parseKey(line)).line,
  note: async ({ note, keys }) =>
    (await verified(parseNote(note), await Promise.all(keys.map(parseKey)))).map(({ key, time }) => [key.line, time]),
  checkpoint: async ({ note, keys, cosigners, origin }) =>
    (await openedNote(note, await trusted({ keys, cosigners, origin }))).checkpoint.size,
  trust: async ({ keys, cosigners, origin }) => (await trustOf(keys, cosigners, origin)).cosigners.length,
  async root({ size, hashes, leaves }) {
    const edge = new Edge(size, hashes.map(bytes));
    await edge.append(await Promise.all(leaves.map((each) => leafHash(bytes(each)))));
    return [edge.size, toBase64(await edge.root()), edge.hashes.map(toBase64)];
  },
  path: async ({ leaf, index, size, path }) => toBase64(await rootOfPath(bytes(leaf), index, size, path.map(bytes))),
  letters: ({ texts }) => texts.map((text) => [letters(text), code(text)]),
  utf8: ({ data }) => fromUtf8(bytes(data)) === null ? null : toBase64(utf8(fromUtf8(bytes(data)))),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { what, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: await CALLS[what](given) };
  } catch (error) {
    const kind = error instanceof NotGenuine ? "NotGenuine" : error instanceof CannotTell ? "CannotTell" : "Error";
    answer = { error: kind, text: String(error.stack) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
