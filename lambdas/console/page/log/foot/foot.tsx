import "./foot.css";

import { useEffect, useState } from "preact/hooks";

import { me } from "../../session.ts";
import { Problem } from "../../api.ts";
import { clock, fullDay, shortDay, zone } from "../../zone.ts";
import { beginning } from "../bar/fixed.ts";
import { type Count, count, inFigures } from "../counts.ts";
import { ExportAll } from "../export_all.tsx";
import { OWN_COMPONENT, chosen, hidesOwn } from "../home.ts";
import { reload } from "../lists.ts";
import type { List } from "../list.ts";
import { ask } from "../refine.ts";
import { Nothing } from "./nothing.tsx";

interface Props {
  /** What is asked. */
  readonly list: List;
  /** Whose rows are shown: another's while this one is awaited. */
  readonly shown: List;
}

/** Below the rows: how far they go, and why no further. */
export function Foot({ list, shown }: Props) {
  if (list !== shown && list.problem.value === null) return null;
  if (!list.answered.value) return <Skeleton />;
  const isEmpty = list.state.value === "end" && list.count.value === 0;
  return (
    <div class="foot">
      {isEmpty && <Nothing list={list} />}
      <p role="status">
        <Reach list={list} />
      </p>
      {list.state.value === "end" && (
        <>
          {!isEmpty && <Beginning list={list} />}
          <Own list={list} />
        </>
      )}
    </div>
  );
}

/** Twelve hairlines, where the rows take longer than a glance. */
function Skeleton() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SKELETON_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: 12 }, (_, at) => (
        <hr key={at} />
      ))}
    </div>
  );
}

const SKELETON_MS = 150;

function Reach({ list }: { list: List }) {
  const rows = list.count.value.toLocaleString("en");
  switch (list.state.value) {
    case "waiting":
      return (
        <>
          {searched(list)} · searching…{" "}
          <button type="button" class="link" onClick={() => list.stop()}>
            Stop
          </button>
        </>
      );
    case "paused":
      return (
        <>
          {searched(list)} · more to search{" "}
          <button type="button" class="button" onClick={() => void list.more()}>
            Go on
          </button>{" "}
          {list.index.value === "timeline" && chosen(list.question).length > 0 && (
            <ExportAll question={list.question}>Search all in the background</ExportAll>
          )}
        </>
      );
    case "more":
      return <>{rows} shown so far</>;
    case "end":
      return list.count.value > 0 ? <>{`${rows} shown of ${rows} · all that match`}</> : null;
    case "stale":
      return (
        <>
          This page is a day old.{" "}
          <button type="button" class="button" onClick={reload}>
            Reload from the top
          </button>
        </>
      );
    case "failed":
      return <Failure list={list} />;
  }
}

/** `Searched 22,900 back to 3 Oct 14:20 · 3 found` */
function searched(list: List): string {
  const [scanned, found] = [list.scanned.value.toLocaleString("en"), list.count.value.toLocaleString("en")];
  const at = list.reached.value === null ? null : Date.parse(list.reached.value);
  const to = list.question.sort === "occurred_at" ? "on to" : "back to";
  const far = at === null ? "" : ` ${to} ${shortDay(at, zone.value)} ${clock(at, zone.value).slice(0, 5)}`;
  return `Searched ${scanned}${far} · ${found} found`;
}

function Failure({ list }: { list: List }) {
  const problem = list.problem.value;
  if (problem?.status === 401) return <>Signed out: sign in to read on.</>;
  return (
    <>
      <span class="error">{problem instanceof Problem ? wordsOf(problem) : "The rows could not be read."}</span>{" "}
      <button type="button" class="button" onClick={() => void list.more()}>
        Try again
      </button>
    </>
  );
}

function wordsOf(problem: Problem): string {
  return problem.errors.length ? problem.errors.map(({ path, message }) => `${path}: ${message}`).join("; ") : problem.detail;
}

const DAY_MS = 86_400_000;

/** Where the log begins, where the rows go back to its beginning; else where to search on. */
function Beginning({ list }: { list: List }) {
  const { retained_from: retained, audit_since: since } = me.value ?? { retained_from: null, audit_since: null };
  const kept = retained === null ? null : Date.parse(retained);
  const began = since === null ? null : Date.parse(since);
  const from = beginning(list.question.span, list.asOf.value);
  const start = Math.max(kept ?? 0, began ?? 0);
  if (from !== null && from > start) {
    return (
      <p>
        <button type="button" class="link" onClick={() => ask({ ...list.question, span: further(list) })}>
          Search further back
        </button>
      </p>
    );
  }
  if (kept === null && began === null) return null;
  const why =
    kept !== null && start === kept
      ? ` (${Math.round((Date.now() - kept) / DAY_MS).toLocaleString("en")} days kept)`
      : ", when its recording began";
  return <p>{`This log begins ${fullDay(start, zone.value)}${why}`}</p>;
}

function further(list: List): { to?: string } {
  const { to } = list.question.span;
  return to === undefined ? {} : { to };
}

/** How many of Daybook's own records the question hides. */
function Own({ list }: { list: List }) {
  const [hidden, setHidden] = useState<Count | null>(null);
  const hides = list.question.filters.some(hidesOwn);
  useEffect(() => {
    if (!hides) return undefined;
    const abort = new AbortController();
    const own = { ...list.question, filters: [{ key: "component", not: false, values: [OWN_COMPONENT] }] } as const;
    count(own, abort.signal)
      .then(setHidden)
      .catch(() => undefined);
    return () => abort.abort();
  }, [list]);
  if (!hides || !hidden?.number) return null;
  return (
    <p>
      {`${inFigures(hidden)} of Daybook's own records in this time ${hidden.number === 1 ? "is" : "are"} hidden: `}
      <button
        type="button"
        class="link"
        onClick={() => ask({ ...list.question, filters: list.question.filters.filter((each) => !hidesOwn(each)) })}
      >
        show
      </button>
    </p>
  );
}
