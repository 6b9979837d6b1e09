import "./status.css";

import { useEffect, useState } from "preact/hooks";

import { ExportButton } from "../../exports/button.tsx";
import { go, href, place } from "../../route.ts";
import { me } from "../../session.ts";
import { clock, shortDay, zone } from "../../zone.ts";
import { ApiButton, LinkButton } from "../bar/links.tsx";
import { type Count, count, inWords } from "../counts.ts";
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
function Found({ list, counted }: { list: List; counted: Count | null }) {
  const shown = { number: list.count.value, about: false };
  if (!list.answered.value) return <span aria-hidden="true">…</span>;
  if (list.state.value === "end") return <b>{inWords(shown, "event")}</b>;
  if (counted !== null && counted.number >= shown.number) {
    return <b title={counted.about ? "Counted in whole hours; the range begins or ends within one" : undefined}>{inWords(counted, "event")}</b>;
  }
  return <b>{inWords(shown, "event")} so far</b>;
}

/** The number of events that the list's question finds, asked once its first rows are there. */
export function useCount(list: List): Count | null {
  const [known, setKnown] = useState<{ list: List; counted: Count | null } | null>(null);
  const answered = list.answered.value && list.problem.value === null;
  useEffect(() => {
    if (!answered || list.state.peek() === "end") return undefined;
    const abort = new AbortController();
    count(list.question, abort.signal)
      .then((counted) => setKnown({ list, counted }))
      .catch(() => undefined);
    return () => abort.abort();
  }, [list, answered]);
  return known?.list === list ? known.counted : null;
}

function Live({ list, tail, onShow }: Props) {
  if (!canWatch(list.question)) return null;
  const waiting = tail?.waiting.value.length ?? 0;
  const [sign, kind] = signOf(tail);
  return (
    <>
      {tail && waiting > 0 && (
        <button type="button" class="button new-rows" onClick={onShow}>
          {waiting.toLocaleString("en")} new ↑
        </button>
      )}
      <button type="button" class={`plain live ${kind}`} aria-pressed={tail !== null} onClick={() => watch(tail === null)}>
        <span aria-hidden="true">{sign}</span> {tail?.word ?? "Live"}
      </button>
      <span class="hidden-visually" role="status">
        {tail?.said}
      </span>
    </>
  );
}

function signOf(tail: Tail | null): [sign: string, kind: string] {
  if (tail === null) return ["▶", ""];
  if (tail.stopped.value !== null) return ["■", "paused"];
  return tail.reading.value ? ["❚❚", "paused"] : ["●", ""];
}

export function watch(isOn: boolean): void {
  const query = new URLSearchParams(place.value.query);
  if (isOn) query.set("live", "1");
  else query.delete("live");
  go(href("log", [], query), "replace");
}
