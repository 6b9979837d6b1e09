import "./drawer.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem, get } from "../../api.ts";
import { useKey } from "../../keyboard.ts";
import { copy } from "../../parts/copy.tsx";
import { href, place } from "../../route.ts";
import { me, reader } from "../../session.ts";
import type { List, NativeEvent, Row } from "../list.ts";
import { isNarrow } from "../looks.ts";
import { openEvent } from "../open.ts";
import { EventDetail } from "./event.tsx";

/** The open event beside the rows, or nothing. A row's event needs no call, so opening one leaves no record. */
export function Drawer({ list }: { list: List }) {
  const id = place.value.query.get("event");
  const rows = list.rows.value;
  const at = rows.findIndex((row) => row.native.id === id);
  useKey({ key: "[", label: "Newer event, where one is open", run: () => at >= 0 && step(rows, at - 1) });
  useKey({ key: "]", label: "Older event, where one is open", run: () => at >= 0 && step(rows, at + 1) });
  useKey({ key: "Escape", label: "Close the event", run: () => openEvent(null), when: () => Boolean(id) });
  if (!id) return null;
  return <OpenDrawer id={id} at={at} rows={rows} all={list.state.value === "end"} reading={!list.answered.value} />;
}

interface Props {
  readonly id: string;
  /** The place among the rows, or -1. */
  readonly at: number;
  readonly rows: readonly Row[];
  /** There are no rows but these. */
  readonly all: boolean;
  /** The first rows may still bring the event. */
  readonly reading: boolean;
}

function OpenDrawer({ id, at, rows, all, reading }: Props) {
  const box = useRef<HTMLElement>(null);
  useFocus(box, id);
  return (
    <aside class="drawer" aria-label="Event" ref={box} tabIndex={-1}>
      <Grip box={box} />
      <div class="drawer-head">
        <button type="button" class="plain" aria-label="Newer event" disabled={at <= 0} onClick={() => step(rows, at - 1)}>
          ‹
        </button>
        <span class="soft">{at < 0 ? "not in the rows shown" : `${at + 1} of ${all ? "" : "the "}${rows.length.toLocaleString("en")}${all ? "" : " shown"}`}</span>
        <button
          type="button"
          class="plain"
          aria-label="Older event"
          disabled={at < 0 || at + 1 >= rows.length}
          onClick={() => step(rows, at + 1)}
        >
          ›
        </button>
        <span class="spring" />
        <button type="button" class="plain" onClick={() => void copy(new URL(href("event", [id]), location.href).href, "Link")}>
          Link
        </button>
        <button type="button" class="plain" aria-label="Close the event" onClick={() => openEvent(null)}>
          Close
        </button>
      </div>
      <Body key={keyOf(id)} id={id} known={rows[at]?.native} reading={reading} />
    </aside>
  );
}

function Body({ id, known, reading }: { id: string; known: NativeEvent | undefined; reading: boolean }) {
  const { event: fetched, problem } = useEvent(id, known !== undefined || reading);
  const event = known ?? fetched;
  return (
    <div class="drawer-body" tabIndex={0} role="region" aria-label="The event's details">
      {event ? <EventDetail event={event} /> : <p aria-live="polite">{problem ?? "Reading…"}</p>}
    </div>
  );
}

/** On a narrow screen the drawer has the focus, and nothing behind it can be reached. At its end the event's row has it. */
function useFocus(box: { readonly current: HTMLElement | null }, id: string): void {
  const latest = useRef(id);
  latest.current = id;
  const narrow = isNarrow.value;
  useEffect(() => {
    const behind = narrow ? besides(box.current) : [];
    for (const each of behind) each.inert = true;
    if (narrow) box.current?.focus();
    return () => {
      for (const each of behind) each.inert = false;
    };
  }, [narrow]);
  useEffect(
    () => () => {
      const at = document.activeElement;
      if (at === document.body || box.current?.contains(at)) document.getElementById(`row-${latest.current}`)?.focus();
    },
    [],
  );
}

/** What the page has beside the drawer, but for dialogs and what is said in passing. */
function besides(drawer: HTMLElement | null): HTMLElement[] {
  const found: HTMLElement[] = [];
  for (let at = drawer; at && at !== document.body; at = at.parentElement) {
    for (const each of at.parentElement?.children ?? []) {
      if (each !== at && each instanceof HTMLElement && !each.inert && !each.matches("dialog, .toast, script")) found.push(each);
    }
  }
  return found;
}

function step(rows: readonly Row[], to: number): void {
  const row = rows[to];
  if (row) openEvent(row.native.id, "replace");
}

interface Read {
  readonly event: NativeEvent | null;
  readonly problem: string | null;
  /** Whose event it is: another tenant's or environment's of the same id is another one. */
  readonly key: string;
}

/** The event by its id, unless `spared`: this is a read of its own, which the log records. */
export function useEvent(id: string, spared: boolean): Read {
  const key = keyOf(id);
  const [read, setRead] = useState<Read | null>(null);
  // Of a tenant that was just chosen it is not yet known which environments it has.
  const waits = spared || me.value === null;
  const names = !/^\.{0,2}$/.test(id); // else the call would be of another address
  useEffect(() => {
    if (waits || !names) return undefined;
    const abort = new AbortController();
    get<NativeEvent>(`events/${encodeURIComponent(id)}`, { signal: abort.signal })
      .then((event) => setRead({ event, problem: null, key }))
      .catch((error: unknown) => {
        if (error instanceof Problem) setRead({ event: null, problem: error.status === 404 ? NONE : error.detail, key });
      });
    return () => abort.abort();
  }, [key, waits]);
  return read?.key === key ? read : { event: null, problem: names ? null : NONE, key };
}

const NONE = "There is no such event in this log.";

const keyOf = (id: string): string => `${reader.value}\n${id}`;

const WIDTH = "daybook.drawer";

/** The drawer's edge: dragged, it changes the width, which this tab keeps. */
function Grip({ box }: { box: { current: HTMLElement | null } }) {
  useEffect(() => {
    const kept = sessionStorage.getItem(WIDTH);
    if (kept !== null) box.current?.style.setProperty("--drawer", kept);
  }, []);
  return (
    <div
      class="drawer-grip"
      onPointerDown={(down) => down.currentTarget.setPointerCapture(down.pointerId)}
      onPointerMove={(move) => {
        if (!move.buttons || !box.current) return;
        const width = Math.min(720, Math.max(360, box.current.getBoundingClientRect().right - move.clientX));
        box.current.style.setProperty("--drawer", `${width}px`);
        sessionStorage.setItem(WIDTH, `${width}px`);
      }}
    />
  );
}
