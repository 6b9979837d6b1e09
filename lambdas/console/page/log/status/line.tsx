import "./status.css";

import { useEffect, useState } from "preact/hooks";

import { ExportButton } from "../../exports/button.tsx";
import { go, href, place } from "../../route.ts";
import { me } from "../../session.ts";
import { clock, shortDay, zone } from "../../zone.ts";
import { ApiButton, LinkButton } from "../bar/links.tsx";
import { count } from "../counts.ts";
import type { List } from "../list.ts";
import { canWatch } from "../lists.ts";
import type { Tail } from "../live.ts";
import { RowsMenu } from "./rows_menu.tsx";

interface Props {
  readonly list: List;
  readonly tail: Tail | null;
  readonly onShow: () => void;
}

/** What is shown, as of when; and what can be done with it. */
export function StatusLine({ list, tail, onShow }: Props) {
  const number = useCount(list);
  const retained = me.value?.retained_from;
  return (
    <div class="status-line">
      <p class="status-words">
        <Found list={list} counted={number} />
        {retained && ` · retained since ${shortDay(Date.parse(retained), zone.value)}`}
        {list.answered.value && ` · as of ${clock(list.asOf.value, zone.value)}`}
      </p>
      <div class="status-actions">
        <Live list={list} tail={tail} onShow={onShow} />
        <LinkButton />
        <ApiButton />
        <ExportButton list={list} counted={number} />
        <RowsMenu list={list} />
      </div>
    </div>
  );
}

/** Counted, where counters answer; exact once all rows are there. */
function Found({ list, counted }: { list: List; counted: number | null }) {
  const shown = list.count.value;
  if (!list.answered.value) return <span aria-hidden="true">…</span>;
  if (list.state.value === "end") return <b>{events(shown)}</b>;
  if (counted !== null && counted >= shown) return <b title="Counted in whole hours">{events(counted)}</b>;
  return <b>{events(shown)} so far</b>;
}

function events(number: number): string {
  return number === 1 ? "1 event" : `${number.toLocaleString("en")} events`;
}

/** The number of events that the list's question finds, asked once its first rows are there. */
export function useCount(list: List): number | null {
  const [known, setKnown] = useState<{ list: List; number: number | null } | null>(null);
  const answered = list.answered.value && list.problem.value === null;
  useEffect(() => {
    if (!answered || list.state.peek() === "end") return undefined;
    const abort = new AbortController();
    count(list.question, abort.signal)
      .then((number) => setKnown({ list, number }))
      .catch(() => undefined);
    return () => abort.abort();
  }, [list, answered]);
  return known?.list === list ? known.number : null;
}

function Live({ list, tail, onShow }: Props) {
  if (!canWatch(list.question)) return null;
  const waiting = tail?.waiting.value.length ?? 0;
  return (
    <>
      {tail && waiting > 0 && (
        <button type="button" class="button new-rows" onClick={onShow}>
          {waiting.toLocaleString("en")} new ↑
        </button>
      )}
      <button type="button" class={tail?.reading.value ? "plain live paused" : "plain live"} aria-pressed={tail !== null} onClick={() => watch(tail === null)}>
        <span aria-hidden="true">{tail === null ? "▶" : tail.reading.value ? "❚❚" : "●"}</span> {tail?.word ?? "Live"}
      </button>
      <span class="hidden-visually" role="status">
        {tail?.said}
      </span>
    </>
  );
}

export function watch(isOn: boolean): void {
  const query = new URLSearchParams(place.value.query);
  if (isOn) query.set("live", "1");
  else query.delete("live");
  go(href("log", [], query), "replace");
}
