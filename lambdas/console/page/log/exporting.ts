/** An export of a question in the background: for what a page can't read on the way. */

import { Problem } from "../api.ts";
import { askFor } from "../exports/exports.ts";
import { say } from "../parts/toast.tsx";
import type { Question } from "../query.ts";
import { go, href } from "../route.ts";
import { zone } from "../zone.ts";
import { viewOf } from "./reading.ts";

export async function exportAll(question: Question): Promise<void> {
  try {
    const made = await askFor(question, { view: viewOf(question), tz: zone.value });
    go(href("exports", [made.id]));
  } catch (error) {
    if (error instanceof Problem) say(error.detail);
    else say("The export could not be asked for: the service was not reached.");
  }
}
