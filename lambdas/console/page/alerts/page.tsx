import "./alerts.css";

import { useEffect, useState } from "preact/hooks";

import { type Schema, get } from "../api.ts";
import { useTitle } from "../parts/title.ts";
import { href } from "../route.ts";
import { credential, me } from "../session.ts";
import { moment, zone } from "../zone.ts";

type Alert = Schema["AlertDescription"];

const WORDS: Readonly<Record<Alert["event"]["what"], string>> = {
  changed: "A stored event was changed.",
  "expires-early": "A stored event was set to expire before its time.",
  removed: "A stored event was removed before its time.",
  altered: "The stored bytes of an event are not those that the log has sealed.",
};

/** `#/alerts`: what auditors have to know of at once, each with the events that it is about. */
export function AlertsPage() {
  useTitle("Alerts");
  const { alerts, more } = useAlerts();
  return (
    <div class="column" aria-busy={alerts === null}>
      <h1>Alerts</h1>
      <p class="soft">
        Each stored event is compared with what the log has sealed of it. Whatever was done to one by somebody else than
        Daybook is listed here.
      </p>
      {alerts?.length === 0 && more === null && <p>Nothing was found.</p>}
      {alerts !== null && alerts.length > 0 && (
        <ul class="alerts">
          {alerts.map((alert) => (
            <Finding key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      {more !== null && (
        <p>
          <button type="button" class="button" onClick={more}>
            Earlier ones
          </button>
        </p>
      )}
    </div>
  );
}

function Finding({ alert }: { alert: Alert }) {
  const env = new URLSearchParams({ env: alert.environment });
  return (
    <li class="alert">
      <p>
        <strong class="error">{WORDS[alert.event.what]}</strong>
      </p>
      <p class="soft">
        Found {moment(Date.parse(alert.raised_at), zone.value, true)}, in {alert.environment} · {alert.event.what === "altered" ? "received" : "done"}{" "}
        {moment(Date.parse(alert.event.at), zone.value, true)} · event <code>{alert.event.id}</code>
      </p>
      <p class="alert-links">
        <a href={href("event", [alert.id], env)}>The record of the finding</a>
        {alert.event.what !== "removed" && <a href={href("event", [alert.event.id], env)}>The event as it is now</a>}
      </p>
    </li>
  );
}

/** All environments that the credential reaches, newest first; `more` reads on, null at the end. */
function useAlerts(): { alerts: readonly Alert[] | null; more: (() => void) | null } {
  const [alerts, setAlerts] = useState<readonly Alert[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [wanted, setWanted] = useState<string | null>(null);
  const reader = `${credential.value ?? ""} ${me.value?.tenant ?? ""}`;
  useEffect(() => setWanted(null), [reader]);
  useEffect(() => {
    const abort = new AbortController();
    const query = wanted === null ? {} : { cursor: wanted };
    if (wanted === null) setAlerts(null);
    get<Schema["AlertPage"]>("alerts", { query, signal: abort.signal, inEnvironment: false }).then(
      (page) => {
        setAlerts((former) => [...(wanted === null ? [] : (former ?? [])), ...page.alerts]);
        setCursor(page.next_cursor);
      },
      () => undefined,
    );
    return () => abort.abort();
  }, [reader, wanted]);
  return { alerts, more: cursor === null ? null : () => setWanted(cursor) };
}
