import { useEvent } from "../log/drawer/drawer.tsx";
import { EventDetail } from "../log/drawer/event.tsx";
import { useTitle } from "../parts/title.ts";
import { place } from "../route.ts";

const TITLE_LENGTH = 80;

/** `#/event/<id>`: one event alone, for links in tickets. */
export function EventPage() {
  const { event, problem, key } = useEvent(place.value.parts[0] ?? "", false);
  useTitle(event ? (event.details ?? event.event).slice(0, TITLE_LENGTH) : "Event");
  return (
    <div class="column">
      <h1>Event</h1>
      {event ? <EventDetail key={key} event={event} /> : <p aria-live="polite">{problem ?? "Reading…"}</p>}
    </div>
  );
}
