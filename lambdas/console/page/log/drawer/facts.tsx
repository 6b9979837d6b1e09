import type { NativeEvent } from "../list.ts";
import { Person } from "../../parts/person.tsx";
import { Value } from "../../parts/value.tsx";
import { href } from "../../route.ts";
import { clock, day, offset, zone } from "../../zone.ts";

const LATE_MS = 60_000;

/** Status and time, who, what, on what. */
export function Facts({ event }: { event: NativeEvent }) {
  const at = Date.parse(event.occurred_at);
  const late = Date.parse(event.received_at) - at;
  return (
    <dl class="facts">
      <dt>Status</dt>
      <dd>
        <span class={`status-${event.status}`}>
          <Value filter="status" value={event.status} />
        </span>
      </dd>
      <dt>Time</dt>
      <dd>
        {day(at, zone.value)} {clock(at, zone.value, true)} <span class="soft">{offset(at, zone.value)}</span>
        <br />
        <span class="soft">
          {day(at, "UTC")} {clock(at, "UTC", true)} UTC
        </span>
        {late > LATE_MS && (
          <>
            <br />
            arrived {later(late)} later
          </>
        )}
      </dd>
      <dt>Who</dt>
      <dd>
        <Person actor={event.actor} />
        {event.actor.id !== null && (
          <>
            {" "}
            <a href={href("story", [`user:${event.actor.id}`])}>story</a>
          </>
        )}
        <Line values={[event.actor.email, event.actor.user_type, event.actor.roles?.join(", ")]} />
        {event.context?.ip && (
          <div>
            <Value filter="ip" value={event.context.ip} />
          </div>
        )}
        {event.context?.user_agent && <div class="soft">{event.context.user_agent.slice(0, 300)}</div>}
      </dd>
      <dt>What</dt>
      <dd>
        <Value filter="activity" value={event.activity} />
        <div class="soft">
          <Value filter="category" value={event.category} />
          {event.variant !== null && event.variant !== "default" && (
            <>
              {" · "}
              <Value filter="variant" value={event.variant} />
            </>
          )}
          {event.source && (
            <>
              {" · "}
              <Value filter="source_type" value={event.source.type} />
            </>
          )}
        </div>
      </dd>
      {event.target && <On event={event} />}
    </dl>
  );
}

function On({ event }: { event: NativeEvent }) {
  const target = event.target;
  if (!target) return null;
  const id = target.username ?? target.id;
  const within = target.within;
  return (
    <>
      <dt>On</dt>
      <dd>
        {id !== null ? (
          <>
            <Value filter="target" value={`${target.type}:${id}`}>
              {target.type} {id}
            </Value>
            {target.forgotten && <span class="mark">forgotten</span>}{" "}
            <a href={href("story", [`${target.type}:${id}`])}>story</a>
            {event.actor.type === "system" && (
              <div>
                <a href={href("story", [`${target.type}:${id}`], new URLSearchParams({ at: event.occurred_at }))}>
                  Who could have done this?
                </a>
              </div>
            )}
          </>
        ) : (
          target.type
        )}
        {target.name !== null && <div>&ldquo;{target.name.slice(0, 300)}&rdquo;</div>}
        {within && (
          <div>
            within{" "}
            <Value filter="target" value={`${within.type}:${within.id}`}>
              {within.type} {within.id}
            </Value>{" "}
            <a href={href("story", [`${within.type}:${within.id}`])}>story</a>
          </div>
        )}
      </dd>
    </>
  );
}

function Line({ values }: { values: readonly (string | null | undefined)[] }) {
  const given = values.filter((value) => value);
  return given.length ? <div class="soft">{given.join(" · ")}</div> : null;
}

function later(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
