import "./table.css";

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { place } from "../../route.ts";
import { day, zone } from "../../zone.ts";
import { columnsFor } from "../bar/presets.ts";
import { isByTime, type List, type Sheet } from "../list.ts";
import { isNarrow, looks } from "../looks.ts";
import { type Column, columnsOf, widths } from "./columns.ts";
import { Head } from "./head.tsx";
import { active, onKey } from "./moving.ts";
import { Refine, refineAt } from "./refine.tsx";
import { DayRow, EventRow } from "./row.tsx";
import { near, sum } from "./windowing.ts";

/** The next page is read when the foot comes this near. Pixels. */
const NEAR_FOOT = 800;
/** Pixels of a row, until it is measured. */
const ROW = { compact: 28, roomy: 36, card: 52 };

interface Props {
  readonly list: List;
  /** The rows are the last question's: the new one's are awaited. */
  readonly old: boolean;
  readonly children: ComponentChildren;
  readonly onScroll: (top: number) => void;
}

/** The rows. Sheets far from what is in view leave the document: a spacer of their height stands for them. */
export function Table({ list, old, children, onScroll }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef({ top: 0, height: innerHeight });
  const heights = useRef(new Map<number, number>());
  const range = useSignal("");
  const sheets = list.sheets.value;
  const columns = columnsOf(list.columns.value, place.value.query.get("cols"), columnsFor(list.question));
  const tall = heightsOf(sheets);
  const [from, to] = near(tall, view.current.top, view.current.height);
  range.value;
  const width = useSignal(innerWidth);
  const { each, least } = widths(columns, width.value);

  function heightsOf(all: readonly Sheet[]): number[] {
    const guess = isNarrow.value ? ROW.card : ROW[looks.value.density];
    return all.map((sheet) => heights.current.get(sheet.key) ?? sheet.count * guess);
  }

  /** Renders anew where other sheets have come near. */
  function reckon(): void {
    range.value = near(heightsOf(list.sheets.peek()), view.current.top, view.current.height).join();
  }

  function readOn(): void {
    const at = box.current;
    if (!at) return;
    const isNear = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_FOOT;
    if (isNear && !old && list.state.value === "more") void list.more();
  }

  useLayoutEffect(() => {
    const at = box.current;
    if (!at) return;
    for (const body of at.querySelectorAll<HTMLElement>("tbody[data-sheet]")) {
      const extra = body.querySelector<HTMLElement>("tr.day[data-repeated]")?.offsetHeight ?? 0;
      heights.current.set(Number(body.dataset["sheet"]), body.offsetHeight - extra);
    }
    for (const sheet of list.sheets.value.slice(from, to)) if (sheet.rows === null) void list.again(sheet);
    list.keepNear(from);
    reckon();
    readOn();
  });

  useLayoutEffect(() => {
    onScroll(0);
    const at = box.current;
    if (!at) return undefined;
    const watch = new ResizeObserver(() => {
      width.value = at.clientWidth;
      view.current.height = at.clientHeight;
      reckon();
    });
    watch.observe(at);
    return () => watch.disconnect();
  }, []);

  useLayoutEffect(() => {
    heights.current.clear();
  }, [looks.value, isNarrow.value]);

  return (
    <div
      class={`rows ${looks.value.density}${looks.value.wrap ? " wrap" : ""}${old ? " old" : ""}${isNarrow.value ? " narrow" : ""}`}
      role="region"
      aria-label="Events"
      aria-busy={old}
      ref={box}
      onScroll={(event) => {
        const { scrollTop: top, clientHeight: height } = event.currentTarget;
        view.current = { top, height };
        reckon();
        refineAt.value = null;
        onScroll(top);
        readOn();
      }}
      onKeyDown={(event) => onKey(event, list)}
      onPointerLeave={() => (refineAt.value = null)}
    >
      <table aria-rowcount={list.state.value === "end" ? list.count.value + 1 : -1} style={{ minWidth: isNarrow.value ? "" : `${least}px` }}>
        {!isNarrow.value && (
          <colgroup>
            {columns.map((column, at) => (
              <col key={column.label} style={{ width: each[at] ? `${each[at]}px` : "auto" }} />
            ))}
          </colgroup>
        )}
        <Head columns={columns} list={list} />
        <Spacer height={sum(tall, 0, from) - (from > 0 && isByTime(list.question) ? DAY : 0)} />
        {sheets.slice(from, to).map((sheet, at) => (
          <Body
            key={sheet.key}
            sheet={sheet}
            columns={columns}
            list={list}
            before={sheets[from + at - 1]}
            first={at === 0 && from > 0}
            index={sheets.slice(0, from + at).reduce((all, { count }) => all + count, 0)}
            height={tall[from + at] ?? 0}
          />
        ))}
        <Spacer height={sum(tall, to, tall.length)} />
      </table>
      {children}
      <Refine />
    </div>
  );
}

/** Pixels of a day's heading. */
const DAY = 28;

function Spacer({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tbody class="spacer" aria-hidden="true">
      <tr>
        <td style={{ height: `${height}px` }} />
      </tr>
    </tbody>
  );
}

interface BodyProps {
  readonly sheet: Sheet;
  readonly columns: readonly Column[];
  readonly list: List;
  readonly before: Sheet | undefined;
  /** The first that is laid out: its day's heading stands again, or none would stick. */
  readonly first: boolean;
  /** How many rows come before. */
  readonly index: number;
  readonly height: number;
}

function Body({ sheet, columns, list, before, first, index, height }: BodyProps) {
  if (sheet.rows === null) return <Spacer height={height} />;
  const open = place.value.query.get("event");
  const byTime = isByTime(list.question);
  const focused = active(list, sheet.rows, index === 0 || first);
  const days = zoneOf(columns);
  let last = before ? day(Date.parse(before.lastAt), days) : "";
  return (
    <tbody data-sheet={sheet.key}>
      {sheet.rows.map((row, at) => {
        const today = day(Date.parse(row.native.occurred_at), days);
        const isNew = byTime && today !== last;
        const repeated = byTime && first && at === 0 && !isNew;
        last = today;
        return [
          (isNew || repeated) && (
            <DayRow key={`day ${today}`} at={row.native.occurred_at} zone={days} columns={columns.length} repeated={repeated} />
          ),
          <EventRow
            key={row.native.id}
            row={row}
            columns={columns}
            index={index + at + 2}
            open={row.native.id === open}
            focusable={row.native.id === focused}
          />,
        ];
      })}
    </tbody>
  );
}

/** The zone in which the rows say their times: a card says the page's, a column of the view may be in UTC. */
function zoneOf(columns: readonly Column[]): string {
  return !isNarrow.value && columns.some(({ utc }) => utc) ? "UTC" : zone.value;
}
