import "./drawer.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem, get } from "../../api.ts";
import { copy } from "../../parts/copy.tsx";
import { href, place } from "../../route.ts";
import { chosenTenant, me, reader } from "../../session.ts";
import type { List, NativeEvent, Row } from "../list.ts";
import { openEvent } from "../open.ts";
import { EventDetail } from "./event.tsx";

/** The open event beside the rows, or nothing. A row's event needs no call, so opening one leaves no record. */
export function Drawer({ list }: { list: List }) {
  const id = place.value.query.get("event");
  if (!id) return null;
  return <OpenDrawer key={keyOf(id)} id={id} rows={list.rows.value} reading={!list.answered.value} />;
}

/** `reading`: the first rows may still bring the event. */
function OpenDrawer({ id, rows, reading }: { id: string; rows: readonly Row[]; reading: boolean }) {
  const at = rows.findIndex((row) => row.native.id === id);
  const known = rows[at]?.native;
  const { event: fetched, problem } = useEvent(id, known !== undefined || reading);
  const event = known ?? fetched;
  const box = useRef<HTMLElement>(null);
  return (
    <aside class="drawer" aria-label="Event" ref={box}>
      <Grip box={box} />
      <div class="drawer-head">
        <button type="button" class="plain" aria-label="Newer event" disabled={at <= 0} onClick={() => step(rows, at - 1)}>
          ‹
        </button>
        <span class="soft">{at >= 0 ? `${at + 1} of ${rows.length}` : "not in the rows shown"}</span>
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
      <div class="drawer-body" tabIndex={0} role="region" aria-label="The event's details">
        {event ? <EventDetail event={event} /> : <p aria-live="polite">{problem ?? "Reading…"}</p>}
      </div>
    </aside>
  );
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
  // A tenant that was just chosen is not yet the one that the environment is of.
  const waits = spared || (chosenTenant.value !== null && me.value?.tenant !== chosenTenant.value);
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
