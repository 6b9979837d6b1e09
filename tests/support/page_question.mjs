// The console's reading and writing of questions, in Node: answers each line of its input, a call, with a line.

import { createInterface } from "node:readline";

// What the page's address and session read when they are loaded.
globalThis.location = { hash: "", href: "http://daybook.example/console#/log" };
globalThis.sessionStorage = { getItem: () => null };
globalThis.addEventListener = () => undefined;

const query = await import("../../lambdas/console/page/query.ts");
const { encode, parse: placeOf } = await import("../../lambdas/console/page/route.ts");
const { dayStart, daysSinceMonday, instant, local } = await import("../../lambdas/console/page/instants.ts");
const { beginning, fixed } = await import("../../lambdas/console/page/log/bar/fixed.ts");
const { pasted } = await import("../../lambdas/console/page/log/bar/paste.ts");
const { format, parse } = await import("../../lambdas/console/page/log/bar/text.ts");

const parameters = (fragment) => placeOf(fragment).query;
const calls = {
  // The question of an address, and what the same page writes for it.
  read: ({ fragment }) => query.read(parameters(fragment)),
  write: ({ question }) => `#/log?${encode(query.write(question))}`,
  replaced: ({ fragment }) => [...query.replaced(parameters(fragment), query.read(parameters(fragment)))],
  also: ({ question, filters }) => query.withAlso(question, filters),
  toggled: ({ question, at }) => query.toggled(question, question.filters[at]),
  format: ({ question }) => format(question),
  parse: ({ text }) => parse(text),
  pasted: ({ text, before }) => pasted(text, before),
  instant: ({ text, zone }) => instant(text, zone),
  local: ({ at, zone }) => local(at, zone),
  fixed: ({ span, now }) => fixed(span, now),
  beginning: ({ span, now }) => beginning(span, now),
  dayStart: ({ at, zone, days }) => dayStart(at, zone, days),
  daysSinceMonday: ({ at, zone }) => daysSinceMonday(at, zone),
};

for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ value: calls[given.what](given) })}\n`);
}
