/** An export of a question in the background: for what a page can't read on the way. */

import { Problem, type Schema, call } from "../api.ts";
import { say } from "../parts/toast.tsx";
import { type Question, nameOf } from "../query.ts";
import { go, href } from "../route.ts";
import { zone } from "../zone.ts";
import { viewOf } from "./reading.ts";

export async function exportAll(question: Question): Promise<void> {
  const filters: Record<string, string | readonly string[]> = { ...question.span };
  for (const filter of question.filters) filters[nameOf(filter)] = filter.values;
  const body = { filters, sort: question.sort, view: viewOf(question), tz: zone.value };
  try {
    const made = await call<Schema["ExportDescription"]>("POST", "exports", { body });
    go(href("exports", [made.id]));
  } catch (error) {
    if (error instanceof Problem) say(error.detail);
    else say("The export could not be asked for: the service was not reached.");
  }
}
