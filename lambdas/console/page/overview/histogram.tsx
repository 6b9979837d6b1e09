import "./histogram.css";

import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";

import { catalogue } from "../catalogue.ts";
import type { List } from "../log/list.ts";
import { ask, only, question, without } from "../log/refine.ts";
import type { Filter, Span } from "../query.ts";
import { me } from "../session.ts";
import { type Bars, type Chosen, DAY, stepOf } from "./bars.ts";
import { BarsTable, Brushed, besideDays, chosenOf, period, sums } from "./brushed.tsx";
import { type Picture, ofRows, ofStats } from "./counted_bars.ts";
import { useFrame } from "./frame.ts";
import { Legend } from "./legend.tsx";
import { type Moments, moments } from "./spans.ts";
import { asked, stackedBy } from "./questions.ts";
import { useStats } from "./stats.ts";

const HEIGHT = 96;
/** Categories that are told apart in one answer. */
const MOST_KEYS = "20";
/** How often it is counted again while new events are watched for. */
const AGAIN_MS = 30_000;

const WHY_HATCHED = "Nothing counts the events of these filters, so the bars are of the rows that are shown. Read on, and they grow.";

const shownBars = signal<Bars | null>(null);

/** The numbers of the histogram as a table that is not seen. It stands behind the log's own rows. */
export function HistogramTable() {
  return shownBars.value && <BarsTable name="Events" bars={shownBars.value} />;
}

/** The log's events over time. Exact where counts answer the filters; else the rows that are shown, hatched. */
export function Histogram({ list }: { list: List }) {
  const { filters } = list.question;
  // What is chosen is marked at once, also while the rows of the span before are shown.
  const { span } = question();
  const by = stackedBy(filters);
  const turn = `${list.id} ${Math.floor(list.asOf.value / AGAIN_MS)}`;
  const now = useNow(turn);
  const begin = me.value?.retained_from ? Date.parse(me.value.retained_from) : null;
  const frame = useFrame(span, (next: Span) => ask({ ...question(), span: next }));
  const shown = moments(frame.shown, now, begin);
  const step = stepOf(shown.from, shown.to);
  const counted = useStats(by === null ? null : query(filters, frame.shown, step, by), turn);
  const [point, setPoint] = useState<number | null>(null);

  const cannot = by === null || counted.problem !== null;
  const order = categories();
  const rows = cannot ? list.rows.value : null;
  const ended = list.state.value;
  const picture = useMemo(
    () => (cannot ? picturedRows(list, moments(list.question.span, now, begin)) : counted.stats && ofStats(counted.stats, shown, step, by, order)),
    [counted.stats, cannot, rows, cannot && ended, order, now, begin, JSON.stringify(frame.shown)],
  );
  const drawn = picture?.bars ?? null;
  useEffect(() => {
    shownBars.value = drawn;
    return () => void (shownBars.value = null);
  }, [drawn]);
  if (!picture) return <div class="histogram" aria-busy="true" />;
  const { bars, colours } = picture;
  const present = cannot ? { from: bars.starts[0] ?? 0, to: bars.end } : moments(span, now, begin);
  const pointed = point !== null && point < bars.starts.length ? { first: point, last: point } : null;
  const numbers = sums(bars, pointed ?? chosenOf(bars, present));
  return (
    <section class={counted.waiting && !cannot ? "histogram waiting" : "histogram"} aria-label="Events over time">
      <Brushed
        name="Events" bars={bars} colours={colours} hatched={cannot} frame={frame} present={present}
        height={HEIGHT - 8} onPoint={setPoint}
      />
      <details class="histogram-legend" open={innerWidth > 720}>
        <summary>
          <Caption bars={bars} pointed={pointed} chosen={chosenOf(bars, present)} total={numbers.total} rows={rows?.length ?? null} />
        </summary>
        <Legend
          colours={colours} numbers={numbers.of} hatched={cannot}
          onPick={(key, not) => (not ? without : only)(by === "status" ? "status" : "category", key)}
        />
      </details>
    </section>
  );
}

interface CaptionProps {
  readonly bars: Bars;
  readonly pointed: Chosen | null;
  readonly chosen: Chosen;
  readonly total: number;
  /** How many rows were counted; null: the service counted. */
  readonly rows: number | null;
}

function Caption({ bars, pointed, chosen, total, rows }: CaptionProps) {
  const all = chosen.first === 0 && chosen.last === bars.starts.length - 1;
  const number = total.toLocaleString("en");
  if (pointed) return <>{`${period(bars, pointed)}: ${number}${rows === null ? "" : " of those shown"}`}</>;
  if (rows !== null) return <span title={WHY_HATCHED}>{`hatched: counts only the ${rows.toLocaleString("en")} shown`}</span>;
  if (!all) return <>{`${period(bars, chosen)}: ${number}`}</>;
  return <>{`${number} ${total === 1 ? "event" : "events"} by ${bars.step}${besideDays(bars) ? " of UTC" : ""}`}</>;
}

function query(filters: readonly Filter[], span: Span, step: string, by: string): URLSearchParams {
  const interval = step === "hour" ? "hour" : "day";
  return asked(filters, span, { by, interval, ...(by === "category" ? { top: MOST_KEYS } : {}) });
}

/** Rows reach back as far as they were read, so the bars do not go further. */
function picturedRows(list: List, asked: Moments): Picture | null {
  const rows = list.rows.value.map((row) => row.native);
  if (rows.length === 0 && list.state.value === "waiting") return null;
  const times = rows.map((row) => Date.parse(row.occurred_at));
  const whole = list.state.value === "end" && asked.from > -Infinity;
  const read = rows.length ? { from: Math.min(...times), to: Math.max(...times) + 1 } : { from: asked.to - DAY, to: asked.to };
  const span = whole ? asked : read;
  return ofRows(rows, span, stepOf(span.from, span.to), categories());
}

export function categories(): readonly string[] {
  return catalogue.value?.categories ?? [];
}

/** The moment at which this was first asked. */
export function useNow(asked: unknown): number {
  return useMemo(Date.now, [asked]);
}

