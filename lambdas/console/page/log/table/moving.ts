/** Moving from row to row by keys: Tab stops at one row, arrows go on from it. */

import { signal } from "@preact/signals";

import { place } from "../../route.ts";
import type { List, Row } from "../list.ts";
import { openEvent } from "../open.ts";

/** The row at which the reader is. */
export const activeId = signal<string | null>(null);

/** The row of a sheet that Tab stops at, or null. Where the reader is nowhere, the first that is laid out. */
export function active(list: List, rows: readonly Row[], isFirst: boolean): string | null {
  const id = activeId.value;
  if (id !== null && list.has(id)) return id;
  return isFirst ? (rows[0]?.native.id ?? null) : null;
}

/** The row of the reader: the open event's, else the one with the focus. */
export function activeRow(list: List): Row | undefined {
  const id = place.value.query.get("event") ?? activeId.value;
  return list.rows.value.find(({ native }) => native.id === id);
}

export function move(list: List, steps: number): void {
  const rows = list.rows.value;
  const open = place.value.query.get("event");
  const at = rows.findIndex(({ native }) => native.id === (open ?? activeId.value));
  const to = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + steps))];
  if (!to) return;
  activeId.value = to.native.id;
  if (open !== null) openEvent(to.native.id, "replace");
  document.getElementById(`row-${to.native.id}`)?.focus();
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

export function onKey(event: KeyboardEvent, list: List): void {
  const steps = STEPS[event.key];
  if (steps === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  move(list, steps);
}
