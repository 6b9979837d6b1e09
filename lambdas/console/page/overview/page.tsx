import "./histogram.css";
import "./overview.css";

import { useMemo, useState } from "preact/hooks";

import { useKey } from "../keyboard.ts";
import { useTitle } from "../parts/title.ts";
import { go } from "../route.ts";
import { environment, me } from "../session.ts";
import { clock, moment, offset, zone } from "../zone.ts";
import type { Span } from "../query.ts";
import { WITHOUT_OWN } from "../log/home.ts";
import { activityName, actorName, is, logOf, overviewOf, presentSpan } from "./asks.ts";
import { type Step, stepOf } from "./bars.ts";
import { BarsTable, Brushed, besideDays, sums } from "./brushed.tsx";
import { ofStats } from "./counted_bars.ts";
import { FailedPanel } from "./failed.tsx";
import { type Frame, useFrame } from "./frame.ts";
import { FreshPanel } from "./fresh.tsx";
import { HeatPanel } from "./heat.tsx";
import { categories, useNow } from "./histogram.tsx";
import { Legend } from "./legend.tsx";
import { Panel } from "./panel.tsx";
import { Ranking, TOP } from "./ranking.tsx";
import { type Moments, moments } from "./spans.ts";
import { asked } from "./questions.ts";
import { type Counted, useStats } from "./stats.ts";

const RANGES: readonly [string, Span][] = [
  ["7 days", { range: "7d" }],
  ["30 days", { range: "30d" }],
  ["12 months", { range: "12m" }],
];
const MOST = "1000";

/** `#/overview?<range>`: the same span of the log in six pictures, all from counts that are exact. */
export function OverviewPage() {
  const [turn, setTurn] = useState(0);
  useKey({ key: "r", label: "Count again", run: () => setTurn(turn + 1) });
  useTitle("Overview");
  return <Pictures key={turn} />;
}

function Pictures() {
  const span = presentSpan();
  const now = useNow(`${JSON.stringify(span)}${environment.value}`);
  const begin = me.value?.retained_from ? Date.parse(me.value.retained_from) : null;
  const wanted = moments(span, now, begin);
  const present = { ...wanted, from: Math.max(wanted.from, begin ?? wanted.from) };
  const step = stepOf(present.from, present.to);
  const steps = useFrame(span, (next) => go(overviewOf(next)));
  const frame: Frame = { ...steps, shown: span };
  const actors = useStats(asked([], span, { by: "actor", interval: "none", top: MOST }));
  const activities = useStats(asked([WITHOUT_OWN], span, { by: "activity", interval: "none", top: MOST }));
  return (
    <div class="overview">
      <div class="overview-head">
        <h1>Overview</h1>
        <nav aria-label="Range">
          {RANGES.map(([name, to]) => (
            <a key={name} class="plain" href={overviewOf(to)} aria-current={to.range === span.range ? "true" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <span class="soft">
          {moment(present.from)} – {moment(present.to)}, {offset(present.to, zone.value)} · as of {clock(now, zone.value)}
        </span>
        <a href={logOf([WITHOUT_OWN], span)}>These in the log</a>
      </div>
      <div class="panels">
        <OverTime span={span} present={present} step={step} frame={frame} />
        <PeoplePanel actors={actors} span={span} />
        <ActivitiesPanel activities={activities} span={span} />
        <FailedPanel span={span} present={present} step={step} frame={frame} />
        <HeatPanel span={span} to={present.to} />
        <FreshPanel span={span} to={present.to} actors={actors} activities={activities} />
      </div>
    </div>
  );
}

interface OverTimeProps {
  readonly span: Span;
  readonly present: Moments;
  readonly step: Step;
  readonly frame: Frame;
}

function OverTime({ span, present, step, frame }: OverTimeProps) {
  const interval = step === "hour" ? "hour" : "day";
  const counted = useStats(asked([WITHOUT_OWN], span, { by: "category", interval, top: "20" }));
  const [point, setPoint] = useState<number | null>(null);
  const order = categories();
  const picture = useMemo(
    () => counted.stats && ofStats(counted.stats, present, step, "category", order),
    [counted.stats, present.from, present.to, step, order],
  );
  const bars = picture?.bars;
  const pointed = bars && point !== null && point < bars.starts.length ? { first: point, last: point } : null;
  return (
    <Panel
      wide
      title="Events over time"
      problem={counted.problem}
      sheet={
        picture && {
          head: ["From (UTC)", "Events", ...picture.bars.keys],
          rows: picture.bars.starts.map((start, bar) => [
            new Date(start).toISOString(),
            picture.bars.totals[bar] ?? 0,
            ...picture.bars.counts.map((counts) => counts[bar] ?? 0),
          ]),
        }
      }
    >
      {picture && bars && (
        <>
          <p class="panel-figure">
            {pointed ? `${moment(bars.starts[pointed.first] ?? 0)}: ` : ""}
            {sums(bars, pointed ?? whole(bars.starts.length)).total.toLocaleString("en")} events
            <span class="soft">
              {" "}
              by {step}
              {besideDays(bars) ? " of UTC" : ""}, without Daybook&apos;s own records
            </span>
          </p>
          <Brushed
            name="Events" bars={bars} colours={picture.colours} hatched={false} frame={frame} present={present}
            height={140} onPoint={setPoint}
          />
          <BarsTable name="Events" bars={bars} />
          <Legend
            colours={picture.colours} numbers={sums(bars, pointed ?? whole(bars.starts.length)).of} hatched={false}
            onPick={(key, not) => go(logOf([{ key: "category", not, values: [key] }, WITHOUT_OWN], span))}
          />
        </>
      )}
    </Panel>
  );
}

function whole(bars: number): { first: number; last: number } {
  return { first: 0, last: bars - 1 };
}

function PeoplePanel({ actors, span }: { actors: Counted; span: Span }) {
  const rows = ranked(actors, actorName, (key) => logOf([is("actor", key)], span));
  return (
    <Panel
      title="People"
      note="Reads of this log count too, your own among them. All keys count as one, and so does the system."
      problem={actors.problem}
      sheet={actors.stats && { head: ["Person", "Events"], rows: rows.map(({ key, count }) => [key, count]) }}
    >
      {actors.stats && <Ranking rows={rows.slice(0, TOP)} nothing="Nobody did anything." />}
    </Panel>
  );
}

function ActivitiesPanel({ activities, span }: { activities: Counted; span: Span }) {
  const rows = ranked(activities, activityName, (key) => logOf([is("activity", key)], span));
  return (
    <Panel
      title="Activities"
      problem={activities.problem}
      sheet={activities.stats && { head: ["Activity", "Name", "Events"], rows: rows.map(({ key, name, count }) => [key, name, count]) }}
    >
      {activities.stats && <Ranking rows={rows.slice(0, TOP)} nothing="Nothing happened." />}
    </Panel>
  );
}

function ranked({ stats }: Counted, name: (key: string) => string, href: (key: string) => string): Parameters<typeof Ranking>[0]["rows"] {
  return (stats?.buckets ?? [])
    .filter((bucket) => bucket.rest !== true)
    .map(({ key, count }) => ({ key: String(key), name: name(String(key)), count, href: href(String(key)) }));
}
