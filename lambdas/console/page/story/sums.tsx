import { Person } from "../parts/person.tsx";
import type { Times } from "./asks.ts";
import { type Bar, type Lane, type Stretch, duration, keyOf, nameOf } from "./lanes.ts";
import { said } from "./timeline.tsx";

/** How long each person had it open: as it was recorded, and as it counts. */
export function Sums({ times }: { times: Times }) {
  const recorded = new Map<string, { seconds: number; sessions: number }>();
  for (const session of times.sessions) {
    const sum = recorded.get(keyOf(session.actor)) ?? { seconds: 0, sessions: 0 };
    recorded.set(keyOf(session.actor), { seconds: sum.seconds + session.seconds, sessions: sum.sessions + 1 });
  }
  const all = times.sessions.reduce((sum, { seconds }) => sum + seconds, 0);
  return (
    <table class="plain-table sums">
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col" class="number">Sessions</th>
          <th scope="col" class="number">Recorded</th>
          <th scope="col" class="number">Counts</th>
        </tr>
      </thead>
      <tbody>
        {times.by_actor.map(({ actor, seconds }) => (
          <tr key={keyOf(actor)}>
            <td>
              <Person actor={actor} />
            </td>
            <td class="number">{recorded.get(keyOf(actor))?.sessions}</td>
            <td class="number">{duration(recorded.get(keyOf(actor))?.seconds ?? 0)}</td>
            <td class="number">{duration(seconds)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Sum</th>
          <td class="number">{times.sessions.length}</td>
          <td class="number">{duration(all)}</td>
          <td class="number">{duration(times.total_seconds)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** Each session with its adjustments: what the timeline draws, for those who don't see it, and to zoom by key. */
export function Sessions({ lanes, target, onZoom }: { lanes: readonly Lane[]; target: string; onZoom: (zoom: Stretch) => void }) {
  const bars = lanes.flatMap((lane) => lane.bars.map((bar) => ({ lane, bar })));
  bars.sort((one, other) => one.bar.from - other.bar.from);
  return (
    <details class="sessions">
      <summary>{bars.length === 1 ? "1 session" : `${bars.length} sessions`}</summary>
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col">Opened</th>
            <th scope="col">Closed</th>
            <th scope="col" class="number">Recorded</th>
            <th scope="col">Adjusted</th>
            <th scope="col">
              <span class="hidden-visually">Zoom</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {bars.map(({ lane, bar }) => (
            <tr key={`${lane.key} ${bar.on} ${bar.session.opened_at}`}>
              <td>
                <bdi>{nameOf(lane.actor)}</bdi>
                {bar.on !== target && <span class="soft"> on <bdi>{bar.on}</bdi></span>}
              </td>
              <td>{said(bar.from)}</td>
              <td>{bar.to === null ? "still open" : said(bar.to)}</td>
              <td class="number">{bar.to === null ? "" : duration(bar.session.seconds)}</td>
              <td>
                <Adjustments bar={bar} />
              </td>
              <td>
                <button type="button" class="link" onClick={() => onZoom(around(bar))}>
                  Zoom
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Adjustments({ bar }: { bar: Bar }) {
  return (
    <>
      {bar.session.adjustments.map((one) => (
        <div key={one.at}>
          {one.from === null ? "" : `${duration(one.from)} → `}
          {duration(one.to)} by <bdi>{nameOf(one.by)}</bdi>, {said(Date.parse(one.at))}
        </div>
      ))}
    </>
  );
}

function around({ from, to }: Bar): Stretch {
  const end = to ?? Date.now();
  const room = Math.max((end - from) * 0.1, 5_000);
  return [from - room, end + room];
}
