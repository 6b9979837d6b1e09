import { reload } from "../lists.ts";
import type { Tail } from "../live.ts";

/** Why no new events come in any more, and the way to watch again. */
export function Stopped({ tail }: { tail: Tail | null }) {
  if (!tail || tail.stopped.value === null) return null;
  return (
    <div class="band warn" role="status">
      <span>Live has stopped: {tail.stopped.value}</span>
      <button type="button" class="button" onClick={reload}>
        Begin again
      </button>
    </div>
  );
}
