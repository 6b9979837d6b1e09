/** The list of the page's question, and the last one's rows until the new ones are there. */

import { signal, untracked, useComputed } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { NEWEST_FIRST, type Question, read, write } from "../query.ts";
import { encode, place } from "../route.ts";
import { me, reader } from "../session.ts";
import { zone } from "../zone.ts";
import { List } from "./list.ts";
import { Tail } from "./live.ts";
import { ask } from "./refine.ts";

const reloads = signal(0);

export function reload(): void {
  reloads.value++;
}

interface Kept {
  readonly key: string;
  /** The tenant and the environment that the rows are of. */
  readonly of: string;
  readonly list: List;
  readonly tail: Tail | null;
}

/** The order that the API refused for too many rows, and why. */
export interface RefusedSort {
  readonly question: Question;
  readonly detail: string;
}

export interface Lists {
  readonly list: List;
  readonly tail: Tail | null;
  /** The list whose rows are shown: the last question's until the new one answers, where it was about the same log. */
  readonly shown: List;
  readonly refusedSort: RefusedSort | null;
}

export const canWatch = (question: Question): boolean => question.sort === NEWEST_FIRST && question.span.to === undefined;

const refusedSort = signal<(RefusedSort & { readonly key: string }) | null>(null);

export function useLists(): Lists {
  const asked = useComputed(() => keyOf(read(place.value.query), place.value.query.has("live")));
  const before = useRef<Kept | null>(null);
  const now = useMemo(() => (before.current?.key === asked.value ? before.current : begin(asked.value)), [asked.value]);
  useEffect(
    () => () => {
      if (before.current !== now) end(now);
    },
    [now],
  );
  useEffect(
    () => () => {
      if (before.current) end(before.current);
      before.current = null;
    },
    [],
  );

  const problem = now.list.problem.value;
  if (problem?.code === "too_many_to_sort") giveUpSorting(now, problem.detail, before.current);
  else if (now.list.answered.value && before.current !== now) {
    if (before.current) end(before.current);
    before.current = now;
  }
  const refused = refusedSort.value;
  return {
    list: now.list,
    tail: now.tail,
    shown: before.current?.of === now.of ? before.current.list : now.list,
    refusedSort: refused?.key === asked.value ? refused : null,
  };
}

function keyOf(question: Question, live: boolean): string {
  const watched = live && canWatch(question);
  return [encode(write(question)), watched, reader.value, zone.value, me.value?.view, reloads.value].join("\n");
}

function begin(key: string): Kept {
  return untracked(() => {
    const question = read(place.value.query);
    const of = reader.value;
    if (!place.value.query.has("live") || !canWatch(question)) return { key, of, list: new List(question), tail: null };
    const tail = new Tail(question, reload);
    const list = new List(question, tail.tip());
    tail.watch(list);
    return { key, of, list, tail };
  });
}

function end(kept: Kept): void {
  kept.list.end();
  kept.tail?.end();
}

/** Back to the order before, with its rows, and a word on why. */
function giveUpSorting(now: Kept, detail: string, before: Kept | null): void {
  const { question } = now.list;
  queueMicrotask(() => {
    const back = { ...question, sort: before?.list.question.sort ?? NEWEST_FIRST };
    refusedSort.value = { question, detail, key: keyOf(back, place.value.query.has("live")) };
    ask(back, "replace");
  });
}
