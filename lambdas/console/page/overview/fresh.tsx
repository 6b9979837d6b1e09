import type { Span } from "../query.ts";
import { HOUR } from "./bars.ts";
import { WITHOUT_OWN } from "../log/home.ts";
import { moment } from "../zone.ts";
import { actorName, activityName, is, logOf } from "./asks.ts";
import { Panel } from "./panel.tsx";
import { between } from "./spans.ts";
import { asked } from "./questions.ts";
import { type Counted, type Stats, useStats } from "./stats.ts";

const MOST = "1000";
const FIRST = 12;

interface Props {
  readonly span: Span;
  readonly to: number;
  /** Of the span: by actor and by activity, the most frequent thousand. */
  readonly actors: Counted;
  readonly activities: Counted;
}

/** People and activities in this range and not in the one before it, which is as long. */
export function FreshPanel({ span, to, actors, activities }: Props) {
  const from = actors.stats ? Date.parse(actors.stats.from) : null;
  const before = from === null ? null : between(2 * from - Math.ceil(to / HOUR) * HOUR, from);
  const former = { interval: "none", top: MOST };
  const formerActors = useStats(before && asked([], before, { by: "actor", ...former }));
  const formerActivities = useStats(before && asked([WITHOUT_OWN], before, { by: "activity", ...former }));
  const people = fresh(actors.stats, formerActors.stats);
  const kinds = fresh(activities.stats, formerActivities.stats);
  const { from: kept, to: end } = formerActors.stats ?? { from: "", to: "" };
  const nothingBefore = kept === end && kept !== "";
  const partly = !nothingBefore && before?.from !== undefined && kept !== "" && Date.parse(kept) >= Date.parse(before.from) + HOUR;
  const note = nothingBefore
    ? `Nothing is kept from before ${moment(Date.parse(kept))}, so nothing can be compared.`
    : [
        before?.from !== undefined && kept !== "" && `In this range, and not since ${moment(Date.parse(kept))}`,
        partly && "where the log begins",
        (hasRest(formerActors.stats) || hasRest(formerActivities.stats)) && "compared with the 1,000 most frequent before",
      ]
        .filter((part) => part !== false)
        .join(", ");
  const known = people && kinds && !nothingBefore;
  return (
    <Panel
      title="New in this range"
      note={note || null}
      problem={formerActors.problem ?? formerActivities.problem}
      sheet={
        known
          ? { head: ["What", "New", "Events"], rows: [...people.map((one) => ["person", one.key, one.count]), ...kinds.map((one) => ["activity", one.key, one.count])] }
          : null
      }
    >
      {known && (
        <>
          <Names title="People" of={people} name={actorName} href={(key) => logOf([is("actor", key)], span)} />
          <Names title="Activities" of={kinds} name={activityName} href={(key) => logOf([is("activity", key)], span)} />
        </>
      )}
    </Panel>
  );
}

interface Fresh {
  readonly key: string;
  readonly count: number;
}

function fresh(present: Stats | null, former: Stats | null): Fresh[] | null {
  if (!present || !former) return null;
  const known = new Set(former.buckets.map((bucket) => String(bucket.key)));
  return present.buckets
    .filter((bucket) => bucket.rest !== true && !known.has(String(bucket.key)))
    .map((bucket) => ({ key: String(bucket.key), count: bucket.count }));
}

function hasRest(stats: Stats | null): boolean {
  return stats?.buckets.some((bucket) => bucket.rest === true) ?? false;
}

interface NamesProps {
  readonly title: string;
  readonly of: readonly Fresh[];
  readonly name: (key: string) => string;
  readonly href: (key: string) => string;
}

function Names({ title, of, name, href }: NamesProps) {
  return (
    <>
      <h3>
        {title} <span class="soft">{of.length.toLocaleString("en")}</span>
      </h3>
      <ul class="fresh">
        {of.slice(0, FIRST).map(({ key, count }) => (
          <li key={key}>
            <a href={href(key)} title={key}>
              <bdi>{name(key)}</bdi>
            </a>{" "}
            <span class="soft">{count.toLocaleString("en")}</span>
          </li>
        ))}
        {of.length > FIRST && <li class="soft">and {(of.length - FIRST).toLocaleString("en")} more, in the table</li>}
        {of.length === 0 && <li class="soft">none</li>}
      </ul>
    </>
  );
}
