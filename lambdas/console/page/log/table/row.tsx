import { place } from "../../route.ts";
import { clock, longDay, zone } from "../../zone.ts";
import { isNarrow } from "../looks.ts";
import { openEvent } from "../open.ts";
import type { NativeEvent, Row } from "../reading.ts";
import { without } from "../refine.ts";
import { arrived } from "../arrived.ts";
import { type Column, mainOf, textOf } from "./columns.ts";
import { activeId } from "./moving.ts";
import { refineAt } from "./refine.tsx";

/** Characters of a cell: more is in the drawer, and never laid out here. */
const MOST = 300;

interface Props {
  readonly row: Row;
  readonly columns: readonly Column[];
  /** As a screen reader counts: the head is the first. */
  readonly index: number;
  readonly open: boolean;
  /** The one row that Tab stops at. */
  readonly focusable: boolean;
}

export function EventRow({ row, columns, index, open, focusable }: Props) {
  const { native } = row;
  const main = mainOf(columns);
  const kind = [native.status === "failure" && "failed", arrived.value.has(native.id) && "arrived"].filter(Boolean).join(" ");
  const button = (text: string) => (
    <button
      type="button"
      class="what"
      id={`row-${native.id}`}
      tabIndex={focusable ? 0 : -1}
      onFocus={() => (activeId.value = native.id)}
      onClick={(click) => {
        click.stopPropagation();
        openEvent(native.id, place.value.query.has("event") ? "replace" : "push");
      }}
    >
      {text ? <bdi>{text.slice(0, MOST)}</bdi> : <span class="soft">{native.event}</span>}
    </button>
  );
  return (
    <tr
      class={kind}
      aria-rowindex={index}
      aria-current={open ? "true" : undefined}
      onClick={() => openEvent(native.id, place.value.query.has("event") ? "replace" : "push")}
    >
      {isNarrow.value ? (
        <td>
          <Failed event={native} />
          <Card row={row} columns={columns} />
          {button(main ? textOf(row, main) : "")}
        </td>
      ) : (
        columns.map((column, at) => (
          <Cell key={column.label} row={row} column={column}>
            {at === 0 && <Failed event={native} />}
            {column === main ? button(textOf(row, column)) : undefined}
          </Cell>
        ))
      )}
    </tr>
  );
}

function Failed({ event }: { event: NativeEvent }) {
  return event.status === "failure" ? <span class="hidden-visually">failed </span> : null;
}

interface CellProps {
  readonly row: Row;
  readonly column: Column;
  readonly children: readonly preact.ComponentChildren[];
}

function Cell({ row, column, children: [mark, button] }: CellProps) {
  const value = column.filter ? column.value(row.native) : null;
  const filter = column.filter;
  const isTime = column.sort === "occurred_at";
  return (
    <td
      class={column.kind}
      title={isTime ? `${row.native.occurred_at.replace("T", " ").replace("Z", "")} UTC` : undefined}
      onPointerEnter={(event) => {
        const cell = event.currentTarget;
        refineAt.value = filter && value ? { filter, value, cell } : null;
      }}
      onClick={(event) => {
        if (!event.altKey || !filter || !value) return;
        event.stopPropagation();
        without(filter, value);
      }}
    >
      {mark}
      {button ?? <Shown row={row} column={column} />}
    </td>
  );
}

function Shown({ row, column }: { row: Row; column: Column }) {
  const text = textOf(row, column);
  if (column.kind === "user" && column.filter === "actor" && row.native.actor.forgotten) {
    return (
      <>
        <bdi title={text}>{text.slice(0, 8)}…</bdi> <span class="mark">forgotten</span>
      </>
    );
  }
  return <bdi>{text.slice(0, MOST)}</bdi>;
}

/** The first of a card's two lines: `16:31 mike.mars · User access`. */
function Card({ row, columns }: { row: Row; columns: readonly Column[] }) {
  const { native } = row;
  const at = Date.parse(native.occurred_at);
  const who = columns.find(({ filter }) => filter === "actor");
  return (
    <span class="card-head">
      <time dateTime={native.occurred_at}>{clock(at, zone.value).slice(0, 5)}</time>{" "}
      {who ? <Shown row={row} column={who} /> : <bdi>{native.actor.username ?? native.actor.type}</bdi>}
      {" · "}
      <bdi>{native.category}</bdi>
    </span>
  );
}

interface DayProps {
  readonly at: string;
  readonly zone: string;
  readonly columns: number;
  readonly repeated: boolean;
}

export function DayRow({ at, zone, columns, repeated }: DayProps) {
  const ms = Date.parse(at);
  return (
    <tr class="day" data-repeated={repeated || undefined}>
      <th scope="colgroup" colSpan={isNarrow.value ? 1 : columns}>
        {longDay(ms, zone)}
      </th>
    </tr>
  );
}
