import type { Schema } from "../api.ts";
import { href } from "../route.ts";
import { shortGuid } from "./guid.ts";
import { Value } from "./value.tsx";

type Actor = Schema["NativeActor"];

/** An actor as the native form has it: the name, the username that filters, and what else is known. */
export function Person({ actor }: { actor: Actor }) {
  const shown = actor.username ?? actor.id ?? actor.type;
  return (
    <>
      {actor.name !== null && (
        <>
          <bdi>{actor.name}</bdi>{" "}
        </>
      )}
      <Value filter="actor" value={actor.id ?? shown}>
        {actor.forgotten ? shortGuid(shown) : shown}
      </Value>
      {actor.forgotten && <Forgotten id={actor.id ?? shown} />}
      {actor.impersonator && (
        <>
          {" "}
          (by <Value filter="impersonator" value={actor.impersonator.id ?? actor.impersonator.username ?? ""}>
            {actor.impersonator.username ?? actor.impersonator.id}
          </Value>
          )
        </>
      )}
    </>
  );
}

/** The mark of a forgotten person, which leads to the event of the forgetting. */
function Forgotten({ id }: { id: string }) {
  const query = new URLSearchParams({ activity: "audit-log.person-forgotten", q: id });
  return (
    <>
      {" "}
      <a class="mark" href={href("log", [], query)} title={`${id} was forgotten: see the record`}>
        forgotten
      </a>
    </>
  );
}
