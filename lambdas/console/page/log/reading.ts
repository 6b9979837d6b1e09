/** One page of a question's rows, asked of the API. The rows come with their native events, so a drawer needs no call. */

import { type Schema, get } from "../api.ts";
import { type Question, write } from "../query.ts";
import { me } from "../session.ts";
import { zone } from "../zone.ts";

export type NativeEvent = Schema["NativeEvent"];

export interface Row {
  readonly native: NativeEvent;
  /** What the view shows, by label; null in the native view. */
  readonly shown: Readonly<Record<string, string>> | null;
}

export interface Page {
  readonly columns?: readonly string[];
  readonly events: readonly unknown[];
  readonly native?: readonly NativeEvent[];
  readonly next_cursor: string | null;
  readonly scanned: number;
  /** The time of the last event that was looked at; null: none was. */
  readonly reached: string | null;
  readonly index: string | null;
}


/** Rows a page. */
export const PAGE = 50;

/** The view in which a question is shown: its own, else the tenant's. */
export function viewOf(question: Question): string {
  return question.view ?? me.value?.view ?? "native";
}

/** The parameters by which a question's rows are shown. */
export function asShown(question: Question): URLSearchParams {
  const query = write(question);
  const view = viewOf(question);
  query.set("view", view);
  if (view !== "native") {
    query.set("with", "native");
    query.set("tz", zone.value);
  }
  return query;
}

export function ask(question: Question, cursor: string | null, signal: AbortSignal, limit: number = PAGE): Promise<Page> {
  const query = asShown(question);
  query.set("limit", String(limit));
  if (cursor !== null) query.set("cursor", cursor);
  return get<Page>("events", { query, signal });
}

export function rowsOf(page: Page): Row[] {
  if (!page.native) return (page.events as NativeEvent[]).map((native) => ({ native, shown: null }));
  return page.native.map((native, at) => ({ native, shown: page.events[at] as Record<string, string> }));
}
