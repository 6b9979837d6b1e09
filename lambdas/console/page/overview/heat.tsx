import { useRef, useState } from "preact/hooks";

import type { Span } from "../query.ts";
import { environment } from "../session.ts";
import { moment, offset, zone } from "../zone.ts";
import { WITHOUT_OWN } from "../log/home.ts";
import { logOf } from "./asks.ts";
import { DAY, HOUR } from "./bars.ts";
import { WEEKDAYS, type Cell, week } from "./hours.ts";
import { Panel } from "./panel.tsx";
import { between } from "./spans.ts";
import { asked } from "./questions.ts";
import { useStats } from "./stats.ts";

const WEEK = 7 * DAY;

/** Events by weekday and hour. Where a log is too large to count all its hours, the last seven days. */
export function HeatPanel({ span, to }: { span: Span; to: number }) {
  const all = useStats(asked([WITHOUT_OWN], span, { interval: "hour" }));
  const short = all.problem?.status === 422;
  const last = useStats(short ? asked([WITHOUT_OWN], between(to - WEEK, to), { interval: "hour" }) : null);
  const { stats, problem } = short ? last : all;
  const hours = (stats?.buckets ?? []).map(({ start, count }) => ({ at: Date.parse(start ?? ""), count }));
  const { cells, shifted } = week(hours, zone.value);
  const notes = [
    short && "the last 7 days of this range, which has too many hours to count",
    shifted && `counts are by hours of UTC: in ${offset(to, zone.value)}, each counts in the hour in which it begins`,
  ].filter((note) => note !== false);
  return (
    <Panel
      title="Hours of the week"
      note={notes.length ? `${notes.join("; ")}.`.replace(/^./, (first) => first.toUpperCase()) : null}
      problem={problem}
      sheet={stats && { head: ["Weekday", ...hourNames()], rows: WEEKDAYS.map((day, row) => [day, ...(cells[row] ?? []).map((cell) => cell.count)]) }}
    >
      <HeatMap key={`${environment.value}`} cells={cells} />
    </Panel>
  );
}

function hourNames(): string[] {
  return Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));
}

/** A grid whose cells the arrow keys walk (WAI-ARIA's grid pattern): one stop of the tab key, not 168. */
function HeatMap({ cells }: { cells: readonly (readonly Cell[])[] }) {
  const [at, setAt] = useState({ row: 0, column: 0 });
  const grid = useRef<HTMLTableElement>(null);
  const most = Math.max(1, ...cells.flat().map((cell) => cell.count));

  function walk(key: KeyboardEvent): void {
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -24], End: [0, 24],
    };
    const step = steps[key.key];
    if (!step) return;
    key.preventDefault();
    key.stopPropagation();
    const row = Math.min(6, Math.max(0, at.row + step[0]));
    const column = Math.min(23, Math.max(0, at.column + step[1]));
    setAt({ row, column });
    grid.current?.querySelector<HTMLElement>(`[data-cell="${row}-${column}"]`)?.focus();
  }

  return (
    <table class="heat" role="grid" aria-label="Events by weekday and hour" ref={grid} onKeyDown={walk}>
      <thead>
        <tr role="row">
          <td role="presentation" />
          {hourNames().map((hour, column) => (
            <th key={hour} scope="col" role="columnheader">
              {column % 3 === 0 ? hour : <span class="hidden-visually">{hour}</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {WEEKDAYS.map((day, row) => (
          <tr key={day} role="row">
            <th scope="row" role="rowheader" aria-label={day}>
              {day.slice(0, 3)}
            </th>
            {(cells[row] ?? []).map((cell, column) => (
              <td key={column} role="gridcell">
                <HeatCell
                  cell={cell} day={day} hour={column} share={cell.count / most} id={`${row}-${column}`}
                  current={at.row === row && at.column === column} onFocus={() => setAt({ row, column })}
                />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface CellProps {
  readonly cell: Cell;
  readonly day: string;
  readonly hour: number;
  readonly share: number;
  readonly id: string;
  readonly current: boolean;
  readonly onFocus: () => void;
}

function HeatCell({ cell, day, hour, share, id, current, onFocus }: CellProps) {
  const hours = `${String(hour).padStart(2, "0")}:00–${String((hour + 1) % 24).padStart(2, "0")}:00`;
  const events = `${cell.count.toLocaleString("en")} ${cell.count === 1 ? "event" : "events"}`;
  const { busiest } = cell;
  const text = `${day}, ${hours}: ${events}${busiest && busiest.count < cell.count ? `; most of them ${moment(busiest.at)}: ${busiest.count.toLocaleString("en")}` : ""}`;
  const shared = {
    class: "heat-cell", title: text, "aria-label": text, "data-cell": id, tabIndex: current ? 0 : -1, onFocus,
    style: { backgroundColor: cell.count ? `color-mix(in srgb, var(--mark) ${Math.round(12 + 88 * Math.sqrt(share))}%, var(--sheet))` : "" },
  };
  if (!busiest) return <span {...shared} role="img" />;
  return <a {...shared} href={logOf([WITHOUT_OWN], between(busiest.at, busiest.at + HOUR))} />;
}
