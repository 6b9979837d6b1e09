import { useEffect, useState } from "preact/hooks";

import { type Trouble, trouble } from "../api.ts";
import { href } from "../route.ts";
import { me } from "../session.ts";
import { clock, moment, zone } from "../zone.ts";
import { alerts, failing, stuck } from "./watch.ts";

/** What holds on every page, above it. */
export function Bands() {
  return (
    <section aria-label="State of the service">
      {trouble.value && <Waiting trouble={trouble.value} />}
      {me.value && alerts.value.length > 0 && (
        <div class="band bad" role="status">
          <span class="band-text">
            Tampering was found: {alerts.value.length === 1 ? "an event was" : `${alerts.value.length} events were`}{" "}
            changed or removed in the store. <a href={href("alerts")}>See the alerts</a>
          </span>
        </div>
      )}
      {me.value && failing.value && (
        <div class="band bad" role="status">
          <span class="band-text">
            The stream has been failing since {when(failing.value.failing_since)}: {failing.value.last_error}.{" "}
            {failing.value.pending.toLocaleString("en")} events wait. <a href={href("settings", ["stream"])}>See it</a>
          </span>
        </div>
      )}
      {me.value && stuck.value.length > 0 && (
        <div class="band bad" role="status">
          <span class="band-text">
            {stuck.value.length === 1 ? "A job has" : `${stuck.value.length} jobs have`} made no progress for 20 minutes:{" "}
            {stuck.value.map((job) => `${job.kind} ${job.id}`).join(", ")}
          </span>
        </div>
      )}
      {me.value?.legal_hold && (
        <div class="band warn" role="status">
          <span class="band-text">Legal hold: nothing in this log is deleted.</span>
        </div>
      )}
    </section>
  );
}

function when(time: string | null): string {
  return time === null ? "an unknown time" : moment(Date.parse(time), zone.value, true);
}

function Waiting({ trouble: { kind, since, retryAt, now } }: { trouble: Trouble }) {
  const [seconds, setSeconds] = useState(left(retryAt));
  useEffect(() => {
    setSeconds(left(retryAt));
    const timer = setInterval(() => setSeconds(left(retryAt)), 250);
    return () => clearInterval(timer);
  }, [retryAt]);
  return (
    <div class="band warn">
      {/* Screen readers hear once what is the matter, and not each second. */}
      <span role="status">
        {kind === "limited"
          ? "More calls than this tenant may make."
          : `Not reached since ${clock(since, zone.value)}.`}
      </span>
      <span class="band-text">
        {kind === "limited" ? `Goes on in ${seconds} s` : `Trying again in ${seconds} s`} ·{" "}
        <button type="button" class="link" onClick={now}>
          now
        </button>
      </span>
    </div>
  );
}

function left(until: number): number {
  return Math.max(0, Math.ceil((until - Date.now()) / 1000));
}
