import { clock, moment, offset, shortDay, zone } from "../zone.ts";
import { type Bars, type Chosen, DAY, reach, sum, touched } from "./bars.ts";
import type { Coloured } from "./colours.ts";
import { Edges } from "./edges.tsx";
import type { Frame } from "./frame.ts";
import { Plot } from "./plot.tsx";
import { type Moments, between } from "./spans.ts";

interface Props {
  /** What is counted: "Events". */
  readonly name: string;
  readonly bars: Bars;
  readonly colours: readonly Coloured[];
  readonly hatched: boolean;
  readonly frame: Frame;
  /** The present span. */
  readonly present: Moments;
  readonly height: number;
  readonly onPoint: (bar: number | null) => void;
}

/** Bars of which a part can be chosen. Beside it belongs a `BarsTable`, for those who don't see them. */
export function Brushed({ name, bars, colours, hatched, frame, present, height, onPoint }: Props) {
  const chosen = chosenOf(bars, present);
  function choose(first: number, last: number): void {
    const all = first === 0 && last === bars.starts.length - 1;
    const { from, to } = reach(bars, { first, last });
    frame.choose(all ? frame.shown : between(from, to));
  }
  return (
    <div class="brushed" role="group" aria-label={`${name} over time`}>
      <div class="plot">
        <span class="plot-most" aria-hidden="true">
          {most(bars)}
        </span>
        <Plot
          bars={bars}
          colours={colours.map(({ colour }) => colour)}
          hatched={hatched}
          chosen={chosen}
          zone={zone.value}
          height={height}
          onChoose={choose}
          onBack={() => frame.before && frame.choose(frame.before)}
          onPoint={onPoint}
        />
        <Edges bars={bars} chosen={chosen} zone={zone.value} onChoose={choose} />
      </div>
    </div>
  );
}

/** The present span in bars; all of them where it lies beside them. */
export function chosenOf(bars: Bars, { from, to }: Moments): Chosen {
  return touched(bars, from, to) ?? { first: 0, last: bars.starts.length - 1 };
}

function most({ totals, step }: Bars): string {
  return `at most ${Math.max(0, ...totals).toLocaleString("en")} in ${step === "hour" ? "an" : "a"} ${step}`;
}

/** The same numbers as the bars, which only screen readers meet. */
export function BarsTable({ name, bars }: { name: string; bars: Bars }) {
  return (
    <div class="hidden-visually">
      <table>
        <caption>
          {name} by {bars.step}
        </caption>
        <thead>
          <tr>
            <th scope="col">From ({offset(bars.starts[0] ?? bars.end, zone.value)})</th>
            <th scope="col">{name}</th>
            {bars.keys.length > 1 &&
              bars.keys.map((key) => (
                <th scope="col" key={key}>
                  <bdi>{key}</bdi>
                </th>
              ))}
          </tr>
        </thead>
        <tbody>
          {bars.starts.map((start, bar) => (
            <tr key={start}>
              <th scope="row">{moment(start)}</th>
              <td>{bars.totals[bar]?.toLocaleString("en")}</td>
              {bars.keys.length > 1 && bars.keys.map((key, at) => <td key={key}>{bars.counts[at]?.[bar]?.toLocaleString("en")}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether days of UTC begin at another hour on the reader's clock. */
export function besideDays({ starts, step }: Bars): boolean {
  return step !== "hour" && clock(starts[0] ?? 0, zone.value) !== "00:00:00";
}

/** `26 Nov 16:00–17:00`, `26 Nov`, `26 Nov 01:00 – 27 Nov 01:00`. */
export function period(bars: Bars, { first, last }: Chosen): string {
  const { from, to } = reach(bars, { first, last });
  const midnight = clock(from, zone.value) === "00:00:00" && clock(to, zone.value) === "00:00:00";
  if (midnight) {
    const end = shortDay(to - 1, zone.value);
    return shortDay(from, zone.value) === end ? end : `${shortDay(from, zone.value)} – ${end}`;
  }
  if (to - from < DAY && shortDay(from, zone.value) === shortDay(to - 1, zone.value)) return `${moment(from)}–${clock(to, zone.value).slice(0, 5)}`;
  return `${moment(from)} – ${moment(to)}`;
}

/** Numbers of each key over some of the bars. */
export function sums(bars: Bars, { first, last }: Chosen): { total: number; of: number[] } {
  const part = (numbers: readonly number[]): number => sum(numbers.slice(first, last + 1));
  return { total: part(bars.totals), of: bars.counts.map(part) };
}
