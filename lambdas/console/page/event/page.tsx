import { useEvent } from "../log/drawer/drawer.tsx";
import { EventDetail } from "../log/drawer/event.tsx";
import { place } from "../route.ts";

/** `#/event/<id>`: one event alone, for links in tickets. */
export function EventPage() {
  const id = place.value.parts[0] ?? "";
  const [event, problem] = useEvent(id, false);
  return (
    <div class="column">
      <h1>Event</h1>
      {event ? <EventDetail event={event} /> : <p aria-live="polite">{problem ?? "Reading…"}</p>}
    </div>
  );
}
