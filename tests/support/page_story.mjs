/** The story's pure functions, by name: see page_script.py. */

import { createInterface } from "node:readline";

import * as lanes from "../../lambdas/console/page/story/lanes.ts";
import * as target from "../../lambdas/console/page/story/target.ts";

const functions = {
  ...lanes,
  ...target,
  ticks: (span, wanted, midnights) => lanes.ticks(span, wanted, (at) => midnights.findLast((each) => each <= at)),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { what, given } = JSON.parse(line);
  console.log(JSON.stringify({ value: functions[what](...given) }));
}
