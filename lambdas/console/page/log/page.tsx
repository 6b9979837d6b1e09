import "./log.css";

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { Bar } from "./bar/bar.tsx";
import { useKey } from "../keyboard.ts";
import { useTitle } from "../parts/title.ts";
import { called } from "./bar/people.ts";
import { presetOf } from "./bar/presets.ts";
import { filtersInWords, headline, spanInWords } from "./bar/words.ts";
import { viewOf } from "../views.ts";
import { go, href, place } from "../route.ts";
import { zone } from "../zone.ts";
import { Histogram, HistogramTable } from "../overview/histogram.tsx";
import { Drawer } from "./drawer/drawer.tsx";
import { chosen, hidesOwn } from "./home.ts";
import { Foot } from "./foot/foot.tsx";
import type { List } from "./list.ts";
import { reload, useLists } from "./lists.ts";
import { ask, question, only, without } from "./refine.ts";
import { StatusLine, watch } from "./status/line.tsx";
import { RefusedSort } from "./status/refused_sort.tsx";
import { Stopped } from "./status/stopped.tsx";
import { toggleView, toggleZone } from "./status/rows_menu.tsx";
import { activeRow, move } from "./table/moving.ts";
import { Table } from "./table/table.tsx";

/** The table is scrolled to its first rows. */
const atTop = signal(true);

/** The log: `#/log?<filters>`, with the drawer where the address names an event. */
export function LogPage() {
  const { list, tail, shown, refusedSort } = useLists();
  const box = useRef<HTMLDivElement>(null);
  const isReading = !atTop.value || place.value.query.has("event");
  useEffect(() => tail?.read(isReading), [tail, isReading]);

  useTitle(title);
  useRowKeys(shown);

  function toTop(): void {
    tail?.show();
    box.current?.querySelector(".rows")?.scrollTo({ top: 0 });
  }

  return (
    <div class="log">
      <div class="log-main" ref={box}>
        <h1 class="hidden-visually">Log</h1>
        <Bar list={list} />
        <StatusLine list={shown} tail={tail} onShow={toTop} />
        <Histogram list={shown} />
        <RefusedSort refused={refusedSort} />
        <Stopped tail={tail} />
        <Table key={shown.id} list={shown} old={shown !== list} onScroll={(top) => (atTop.value = top < 4)}>
          <Foot list={list} shown={shown} />
        </Table>
        <HistogramTable />
      </div>
      <Drawer list={shown} />
    </div>
  );
}

/** `Failed sign-ins, last 7 days` */
function title(): string {
  const asked = question();
  const name = presetOf(asked) ?? viewOf(asked)?.name;
  return headline(name ?? (filtersInWords({ filters: chosen(asked) }, called) || "Log"), spanInWords(asked.span, zone.value));
}

function useRowKeys(list: List): void {
  useKey({ key: "j", label: "Next row", run: () => move(list, 1) });
  useKey({ key: "k", label: "Row before", run: () => move(list, -1) });
  useKey({ key: "f", label: "Only this person", run: () => byPerson(list, only) });
  useKey({ key: "Shift-F", label: "Without this person", run: () => byPerson(list, without) });
  useKey({ key: "t", label: "The story of this target", run: () => toStory(list) });
  useKey({ key: "v", label: "Product's columns, or native ones", run: () => toggleView(list) });
  useKey({ key: "u", label: "My time, or UTC", run: toggleZone });
  useKey({ key: ".", label: "Live, on or off", run: () => watch(!place.value.query.has("live")) });
  useKey({ key: "r", label: "Read anew", run: reload });
  useKey({ key: "Escape", label: "Leave the row, then clear the filters", run: clear, when: () => !place.value.query.has("event") });
}

function clear(): void {
  const at = document.activeElement;
  const asked = question();
  if (at instanceof HTMLElement && at !== document.body) at.blur();
  else if (chosen(asked).length) ask({ ...asked, filters: asked.filters.filter(hidesOwn) });
}

function toStory(list: List): void {
  const target = activeRow(list)?.native.target;
  const id = target?.username ?? target?.id;
  if (target && id) go(href("story", [`${target.type}:${id}`]));
}

function byPerson(list: List, filter: typeof only): void {
  const actor = activeRow(list)?.native.actor;
  const value = actor?.forgotten ? actor.id : (actor?.username ?? actor?.id);
  if (value) filter("actor", value);
}
