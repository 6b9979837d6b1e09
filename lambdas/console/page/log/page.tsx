import "./log.css";

import { useComputed, useSignalEffect } from "@preact/signals";
import { untracked } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { encode, place } from "../route.ts";
import { read, write } from "../query.ts";
import { credential, environment } from "../session.ts";
import { zone } from "../zone.ts";
import { Bar } from "./bar/bar.tsx";
import { Drawer } from "./drawer/drawer.tsx";
import { List } from "./list.ts";
import { Table } from "./table.tsx";

/** The log: `#/log?<filters>`, with the drawer where the address names an event. */
export function LogPage() {
  const asked = useComputed(() =>
    [encode(write(read(place.value.query))), environment.value, zone.value, credential.value].join("\n"),
  );
  const list = useMemo(() => new List(untracked(() => read(place.value.query))), [asked.value]);
  useEffect(() => () => list.stop(), [list]);
  useSignalEffect(() => {
    document.title = "Log · Daybook";
  });
  return (
    <div class="log">
      <div class="log-main">
        <h1 class="hidden-visually">Log</h1>
        <Bar list={list} />
        <Table list={list} />
      </div>
      <Drawer rows={list.rows} />
    </div>
  );
}
