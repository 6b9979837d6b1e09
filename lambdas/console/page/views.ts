/** Saved views: searches with a name, one's own and those shared with every reader. */

import { effect, signal, untracked } from "@preact/signals";

import { type Schema, call, get } from "./api.ts";
import { NEWEST_FIRST, type Question, read, write } from "./query.ts";
import { encode, href } from "./route.ts";
import { environment, may, me } from "./session.ts";

export type View = Schema["ViewDescription"];

/** Null until they are read. */
export const views = signal<readonly View[] | null>(null);

/** Whether the reader may save and remove views that everybody sees. */
export const maySave = (shared: boolean): boolean => !shared || may("admin", "operations");

let abort = new AbortController();

/** Reads them (again): at the beginning, for another tenant or environment, and whenever the menu opens. */
export async function readViews(): Promise<void> {
  abort.abort();
  abort = new AbortController();
  try {
    views.value = (await get<Schema["ViewList"]>("views", { signal: abort.signal })).views;
  } catch {
    // Without them the menu has the presets alone.
  }
}

effect(() => {
  const reader = [me.value, environment.value] as const;
  untracked(() => {
    abort.abort();
    views.value = null;
    if (reader[0]?.tenant && reader[0].role !== "producer") void readViews();
  });
});

/** Saves the question under a name, in place of the view that had it. Throws `Problem`. */
export async function saveView(name: string, question: Question, columns: readonly string[], shared: boolean): Promise<View> {
  const { sort, view } = question;
  const body = { query: queryOf(question), sort, columns, shared, ...(view === null ? {} : { view }) };
  const saved = await call<View>("PUT", `views/${encodeURIComponent(name)}`, { body });
  const others = (views.value ?? []).filter((view) => view.name !== saved.name || view.shared !== saved.shared);
  views.value = [...others, saved].sort((one, other) => one.name.localeCompare(other.name));
  return saved;
}

/** Throws `Problem`. */
export async function removeView(view: View): Promise<void> {
  await call("DELETE", `views/${encodeURIComponent(view.name)}`, { query: { shared: String(view.shared) } });
  views.value = (views.value ?? []).filter((each) => each.name !== view.name || each.shared !== view.shared);
}

/** The question of a view. The tenant's own view is not named, so that addresses stay short. */
export function questionOf(view: View): Question {
  const own = view.view === me.value?.view;
  return { ...read(new URLSearchParams(view.query)), sort: view.sort || NEWEST_FIRST, view: own ? null : view.view };
}

/** The address of the log as the view has it. */
export function hrefOf(view: View): string {
  const query = write(questionOf(view));
  if (view.columns.length) query.set("cols", view.columns.join(","));
  return href("log", [], query);
}

/** The view that asks exactly this; null where none does. One's own comes first. */
export function viewOf(question: Question): View | null {
  const asked = [queryOf(question), question.sort].join();
  return (views.value ?? []).find((view) => [queryOf(questionOf(view)), view.sort].join() === asked) ?? null;
}

/** The filters and the span as a query string: what a view keeps of a question beside sort and columns. */
function queryOf(question: Question): string {
  return encode(write({ ...question, sort: NEWEST_FIRST, view: null }));
}
