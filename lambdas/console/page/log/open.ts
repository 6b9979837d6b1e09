import { go, href, place } from "../route.ts";

/** Opens an event beside the rows; null closes it. */
export function openEvent(id: string | null, how: "push" | "replace" = "push"): void {
  const query = new URLSearchParams(place.value.query);
  if (id === null) query.delete("event");
  else query.set("event", id);
  go(href(place.value.page, place.value.parts, query), how);
}
