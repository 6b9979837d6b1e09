import { useEffect, useMemo, useState } from "preact/hooks";

import { type Answer, Problem, type Schema, get } from "../api.ts";
import { catalogue, ofKind } from "../catalogue.ts";
import type { Filter, Span } from "../query.ts";
import { credential, reader as whose } from "../session.ts";
import { is, logOf } from "./asks.ts";
import type { Step } from "./bars.ts";
import { BarsTable, Brushed } from "./brushed.tsx";
import { ofStats } from "./counted_bars.ts";
import type { Frame } from "./frame.ts";
import { Panel } from "./panel.tsx";
import { type Ranked, Ranking } from "./ranking.tsx";
import type { Moments } from "./spans.ts";
import { asked } from "./questions.ts";
import { useStats } from "./stats.ts";

const LATEST = 500;
const TOP = 5;

interface Props {
  readonly span: Span;
  readonly present: Moments;
  readonly step: Step;
  readonly frame: Frame;
}

/** Failed sign-ins over time, and by whom and from where. The service counts how many there are; people and addresses
 * are counted here, over the latest of them, since no count knows addresses, nor whose sign-ins failed.
 */
export function FailedPanel({ span, present, step, frame }: Props) {
  const activities = ofKind("sign-in");
  const filters = [is("activity", ...activities), is("status", "failure")];
  const none = activities.length === 0;
  const counted = useStats(none ? null : asked(filters, span, { interval: step === "hour" ? "hour" : "day" }));
  const latest = useLatest(none ? null : asked(filters, span, { limit: String(LATEST), view: "native" }).toString());
  const picture = useMemo(
    () => counted.stats && ofStats(counted.stats, present, step, null, []),
    [counted.stats, present.from, present.to, step],
  );
  if (none) {
    return (
      <Panel title="Failed sign-ins" sheet={null}>
        {catalogue.value && <p class="soft">The catalogue of this tenant has no activity that is a sign-in.</p>}
      </Panel>
    );
  }
  const people = tally(latest.events, (event) => event.actor.username ?? event.actor.type);
  const addresses = tally(latest.events, (event) => event.context.ip ?? null);
  return (
    <Panel
      title="Failed sign-ins"
      note={latest.more ? `People and addresses are of the latest ${LATEST}.` : null}
      problem={counted.problem ?? latest.problem}
      sheet={
        picture && {
          head: ["What", "Which", "Failed sign-ins"],
          rows: [
            ...picture.bars.starts.map((start, bar) => [step, new Date(start).toISOString(), picture.bars.totals[bar] ?? 0]),
            ...people.map(([key, count]) => ["person", key, count]),
            ...addresses.map(([key, count]) => ["address", key, count]),
          ],
        }
      }
    >
      {counted.stats?.total === 0 && <p class="soft">None in this range.</p>}
      {picture && counted.stats?.total !== 0 && (
        <>
          <p class="panel-figure">
            <a href={logOf(filters, span)}>{counted.stats?.total.toLocaleString("en")} in all</a>
          </p>
          <Brushed
            name="Failed sign-ins" bars={picture.bars} colours={[{ key: "", colour: "--bad" }]} hatched={false}
            frame={frame} present={present} height={72} onPoint={() => undefined}
          />
          <BarsTable name="Failed sign-ins" bars={picture.bars} />
          <div class="side-by-side">
            <div>
              <h3>People</h3>
              <Ranking rows={ranked(people, "actor", filters, span)} nothing="Nobody." />
            </div>
            <div>
              <h3>Addresses</h3>
              <Ranking rows={ranked(addresses, "ip", filters, span)} nothing="None was sent." />
            </div>
          </div>
        </>
      )}
    </Panel>
  );
}

function ranked(tallied: readonly [string, number][], key: "actor" | "ip", filters: readonly Filter[], span: Span): Ranked[] {
  return tallied.slice(0, TOP).map(([name, count]) => ({ key: name, name, count, href: logOf([...filters, is(key, name)], span) }));
}

function tally(events: readonly Schema["NativeEvent"][], of: (event: Schema["NativeEvent"]) => string | null): [string, number][] {
  const numbers = new Map<string, number>();
  for (const event of events) {
    const key = of(event);
    if (key !== null) numbers.set(key, (numbers.get(key) ?? 0) + 1);
  }
  return [...numbers].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
}

interface Latest {
  readonly events: readonly Schema["NativeEvent"][];
  readonly more: boolean;
  readonly problem: Problem | null;
}

const NOTHING: Latest = { events: [], more: false, problem: null };

function useLatest(query: string | null): Latest {
  const reader = whose.value;
  const [latest, setLatest] = useState({ ...NOTHING, reader });
  useEffect(() => {
    if (query === null) return setLatest({ ...NOTHING, reader });
    const abort = new AbortController();
    get<Answer<"search_events">>("events", { query: new URLSearchParams(query), signal: abort.signal })
      .then((page) => setLatest({ events: page.events as Schema["NativeEvent"][], more: page.next_cursor !== null, problem: null, reader }))
      .catch((error: unknown) => error instanceof Problem && setLatest({ ...NOTHING, problem: error, reader }));
    return () => abort.abort();
  }, [query, reader, credential.value]);
  return latest.reader === reader ? latest : NOTHING;
}
