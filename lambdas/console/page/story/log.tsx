import { useEffect, useMemo } from "preact/hooks";

import { List } from "../log/list.ts";
import { hrefOf } from "../log/refine.ts";
import { Table } from "../log/table/table.tsx";
import { type Filter, NEWEST_FIRST, type Question } from "../query.ts";
import { credential, environment, me } from "../session.ts";
import { zone } from "../zone.ts";

/** The question of these filters, over the whole log, in the tenant's own view. */
export function asking(filters: readonly Filter[]): Question {
  return { filters, span: {}, sort: NEWEST_FIRST, view: null };
}

/** The rows of one filter, in the ordinary table. */
export function useRows(filter: Filter): List {
  const key = [filter.key, filter.values.join("\n"), environment.value, zone.value, me.value?.tenant, credential.value].join("\n");
  const list = useMemo(() => new List(asking([filter])), [key]);
  useEffect(() => () => list.end(), [list]);
  return list;
}

export function StoryLog({ list }: { list: List }) {
  return (
    <div class="story-log">
      <Table key={list.id} list={list} old={false} onScroll={() => undefined}>
        <p class="story-foot" role="status">
          <Reach list={list} />{" "}
          <a href={hrefOf(list.question)}>Open in the log</a>
        </p>
      </Table>
    </div>
  );
}

function Reach({ list }: { list: List }) {
  const rows = list.count.value.toLocaleString("en");
  switch (list.state.value) {
    case "waiting":
      return <>Reading…</>;
    case "failed":
      return <span class="error">{list.problem.value?.detail ?? "The events could not be read."}</span>;
    case "end":
      return <>{rows === "1" ? "1 event, the only one" : `${rows} events, all there are`}</>;
    default:
      return <>{rows} events so far</>;
  }
}
