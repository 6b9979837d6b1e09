/** From what stands on the screen to a narrower question: click = only this, Alt-click = without this. */

import { go, href, place } from "../route.ts";
import { type FilterKey, type Question, read, replaced, withFilter } from "../query.ts";

/** The log's present question, or the empty one where another page is open. */
export function question(): Question {
  return read(place.value.page === "log" ? place.value.query : new URLSearchParams());
}

export function ask(next: Question, how: "push" | "replace" = "push"): void {
  go(hrefOf(next), how);
}

export function hrefOf(next: Question): string {
  return href("log", [], replaced(place.value.query, next));
}

export function only(key: FilterKey, value: string): void {
  ask(withFilter(question(), key, value, false));
}

export function without(key: FilterKey, value: string): void {
  ask(withFilter(question(), key, value, true));
}
