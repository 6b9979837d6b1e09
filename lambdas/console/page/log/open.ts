import { go, href, place } from "../route.ts";

/** Opens an event beside the rows, or in place of an event that has the page to itself; null closes it. */
export function openEvent(id: string | null, how: "push" | "replace" = "push"): void {
  const { page, parts } = place.value;
  const query = new URLSearchParams(place.value.query);
  if (page === "event" && id !== null) return go(href(page, [id], query), how);
  if (id === null) query.delete("event");
  else query.set("event", id);
  go(href(page, parts, query), how);
}
