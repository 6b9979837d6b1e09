import "./drawer.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem, get } from "../../api.ts";
import { copy } from "../../parts/copy.tsx";
import { href, place } from "../../route.ts";
import type { List, NativeEvent, Row } from "../list.ts";
import { openEvent } from "../open.ts";
import { EventDetail } from "./event.tsx";

/** The open event beside the rows, or nothing. A row's event needs no call, so opening one leaves no record. */
export function Drawer({ list }: { list: List }) {
  const id = place.value.query.get("event");
  if (id === null) return null;
  return <OpenDrawer key={id} id={id} rows={list.rows.value} reading={!list.answered.value} />;
}

/** `reading`: the first rows may still bring the event. */
function OpenDrawer({ id, rows, reading }: { id: string; rows: readonly Row[]; reading: boolean }) {
  const at = rows.findIndex((row) => row.native.id === id);
  const known = rows[at]?.native;
  const [fetched, problem] = useEvent(id, known !== undefined || reading);
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

/** The event by its id, unless `spared`: this is a read of its own, which the log records. */
export function useEvent(id: string, spared: boolean): [NativeEvent | null, string | null] {
  const [event, setEvent] = useState<NativeEvent | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (spared) return undefined;
    const abort = new AbortController();
    get<NativeEvent>(`events/${encodeURIComponent(id)}`, { signal: abort.signal })
      .then(setEvent)
      .catch((error: unknown) => {
        if (error instanceof Problem) setProblem(error.status === 404 ? "There is no such event in this log." : error.detail);
      });
    return () => abort.abort();
  }, [id, spared]);
  return [event, problem];
}

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
