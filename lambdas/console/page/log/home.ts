/** The log as it is first seen: the last 30 days, without Daybook's own records. The address says so. */

import type { Filter, Question } from "../query.ts";
import { href } from "../route.ts";

export const OWN_COMPONENT = "Audit Log";
export const WITHOUT_OWN: Filter = { key: "component", not: true, values: [OWN_COMPONENT] };

export function homeQuery(): URLSearchParams {
  return new URLSearchParams({ "component!": OWN_COMPONENT, "range": "30d" });
}

/** Where the word mark and the tab lead. */
export function home(): string {
  return href("log", [], homeQuery());
}

/** The filter that hides Daybook's own records. */
export function hidesOwn(filter: Filter): boolean {
  return filter.key === "component" && filter.not && filter.values.length === 1 && filter.values[0] === OWN_COMPONENT;
}

/** The question's filters but for that one. */
export function chosen(question: Question): readonly Filter[] {
  return question.filters.filter((filter) => !hidesOwn(filter));
}
