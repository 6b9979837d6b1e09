import "./refused.css";

import { useEffect, useState } from "preact/hooks";

import { type Schema, get } from "../api.ts";
import { useTitle } from "../parts/title.ts";
import { href } from "../route.ts";
import { credential, environment, me } from "../session.ts";
import { moment, zone } from "../zone.ts";
import { type Group, type Report, codeInWords, grouped, hoursOf } from "./counted.ts";
import { Strip } from "./strip.tsx";

/** `#/settings/refused`: what was refused of the events that the tenant's keys sent in the last seven days. */
export function RefusedPage() {
  useTitle("Refused events");
  const { report, labels } = useReport();
  const since = report === null ? null : Date.parse(report.since);
  return (
    <section aria-busy={report === null}>
      <h1>Refused events</h1>
      <p>
        What was refused is not in the log. It is missing there until its sender is mended and sends it again.
        {since !== null && <span class="soft"> Since {moment(since)}.</span>}
      </p>
      {report !== null && report.counts.length === 0 && <p class="soft">Nothing was refused.</p>}
      {report !== null && since !== null && report.counts.length > 0 && (
        <Counts groups={grouped(report.counts, hoursOf(since, Date.now()))} labels={labels} />
      )}
      {report !== null && report.events.length > 0 && <Events events={report.events} labels={labels} />}
    </section>
  );
}

type Labels = ReadonlyMap<string, string>;

function useReport(): { report: Report | null; labels: Labels } {
  const [report, setReport] = useState<Report | null>(null);
  const [labels, setLabels] = useState<Labels>(new Map());
  const tenant = me.value?.tenant ?? null;
  useEffect(() => {
    const abort = new AbortController();
    setReport(null);
    get<Report>("refused", { signal: abort.signal }).then(setReport, () => undefined);
    if (tenant !== null)
      get<Schema["KeyList"]>(`tenants/${tenant}/keys`, { signal: abort.signal, inEnvironment: false }).then(
        ({ keys }) => setLabels(new Map(keys.map((key) => [key.key_id, key.label]))),
        () => undefined,
      );
    return () => abort.abort();
  }, [tenant, environment.value, credential.value]);
  return { report, labels };
}

function Counts({ groups, labels }: { groups: readonly Group[]; labels: Labels }) {
  return (
    <table class="plain-table refused-counts">
      <thead>
        <tr>
          <th scope="col">Reason</th>
          <th scope="col">Activity</th>
          <th scope="col">Sent by</th>
          <th scope="col">By hour</th>
          <th scope="col">Last</th>
          <th scope="col" class="number">
            Events
          </th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <tr key={JSON.stringify([group.code, group.activity, group.key])}>
            <th scope="row">{codeInWords(group.code)}</th>
            <td>{group.activity === null ? <span class="soft">various or none</span> : <bdi>{group.activity}</bdi>}</td>
            <td>
              <Sender id={group.key} labels={labels} />
            </td>
            <td>
              <Strip hours={group.hours} />
            </td>
            <td>{moment(group.last)}</td>
            <td class="number">
              {group.count.toLocaleString("en")}
              <span class="unit"> events</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Who sent it: the label of the key, and what the key sends that is stored. */
function Sender({ id, labels }: { id: string | null; labels: Labels }) {
  if (id === null) return <span class="soft">somebody signed in</span>;
  const query = new URLSearchParams({ credential: id, range: "7d" });
  return (
    <a href={href("log", [], query)} title={`Key ${id}: what of it is stored`}>
      <bdi>{labels.get(id) ?? id}</bdi>
    </a>
  );
}

function Events({ events, labels }: { events: Report["events"]; labels: Labels }) {
  return (
    <>
      <h2>The last {events.length === 1 ? "one" : events.length}</h2>
      <p class="soft">Of values there is only the type and the length, so that nobody is named here.</p>
      {events.map((event, at) => (
        <details class="refused-event" key={at}>
          <summary>
            {moment(Date.parse(event.at), zone.value, true)} · {codeInWords(event.code)}
            {event.activity !== null && (
              <>
                {" "}
                · <bdi>{event.activity}</bdi>
              </>
            )}
          </summary>
          <ul>
            {event.errors.map(({ path, message }) => (
              <li key={path}>
                <code>{path === "" ? "the event" : path}</code> {message}
              </li>
            ))}
          </ul>
          <p class="soft">
            Sent by <Sender id={event.key} labels={labels} />, for {event.environment}
          </p>
          <pre>{JSON.stringify(event.event, null, 2)}</pre>
        </details>
      ))}
    </>
  );
}
