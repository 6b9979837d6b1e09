import "./log.css";

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { Histogram } from "../overview/histogram.tsx";
import { place } from "../route.ts";
import { Bar } from "./bar/bar.tsx";
import { Drawer } from "./drawer/drawer.tsx";
import { Foot } from "./foot/foot.tsx";
import { useLists } from "./lists.ts";
import { StatusLine } from "./status/line.tsx";
import { RefusedSort } from "./status/refused_sort.tsx";
import { Table } from "./table/table.tsx";

/** The table is scrolled to its first rows. */
const atTop = signal(true);

/** The log: `#/log?<filters>`, with the drawer where the address names an event. */
export function LogPage() {
  const { list, tail, shown, refusedSort } = useLists();
  const box = useRef<HTMLDivElement>(null);
  const isReading = !atTop.value || place.value.query.has("event");
  useEffect(() => tail?.read(isReading), [tail, isReading]);

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
        <RefusedSort refused={refusedSort} />
        <Histogram list={list} />
        <Table key={shown.id} list={shown} old={shown !== list} onScroll={(top) => (atTop.value = top < 4)}>
          <Foot list={list} shown={shown} />
        </Table>
      </div>
      <Drawer rows={shown.rows} />
    </div>
  );
}
