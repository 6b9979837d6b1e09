/** The rows of the log's question, read page by page. */

import { signal } from "@preact/signals";

import { Problem, type Schema, get } from "../api.ts";
import { type Question, write } from "../query.ts";
import { me } from "../session.ts";
import { zone } from "../zone.ts";

export type NativeEvent = Schema["NativeEvent"];

export interface Row {
  readonly native: NativeEvent;
  /** What the view shows, by label; null in the native view. */
  readonly shown: Readonly<Record<string, string>> | null;
}

interface Page {
  readonly columns?: readonly string[];
  readonly events: readonly unknown[];
  readonly native?: readonly NativeEvent[];
  readonly next_cursor: string | null;
  readonly scanned: number;
  readonly reached: string | null;
}

export const PAGE = 50;

export class List {
  readonly columns = signal<readonly string[]>([]);
  readonly rows = signal<readonly Row[]>([]);
  readonly state = signal<"waiting" | "more" | "end" | "failed">("waiting");
  readonly problem = signal<Problem | null>(null);
  readonly scanned = signal(0);
  readonly reached = signal<string | null>(null);
  private cursor: string | null = null;
  private readonly abort = new AbortController();

  constructor(readonly question: Question) {
    void this.more();
  }

  stop(): void {
    this.abort.abort();
  }

  async more(): Promise<void> {
    this.state.value = "waiting";
    const query = write(this.question);
    const view = this.question.view ?? me.value?.view ?? "native";
    query.set("view", view);
    query.set("limit", String(PAGE));
    if (view !== "native") {
      query.set("with", "native");
      query.set("tz", zone.value);
    }
    if (this.cursor !== null) query.set("cursor", this.cursor);
    try {
      const page = await get<Page>("events", { query, signal: this.abort.signal });
      const rows = page.native
        ? page.native.map((native, at) => ({ native, shown: page.events[at] as Record<string, string> }))
        : (page.events as NativeEvent[]).map((native) => ({ native, shown: null }));
      this.columns.value = page.columns ?? [];
      this.rows.value = [...this.rows.value, ...rows];
      this.scanned.value += page.scanned;
      this.reached.value = page.reached;
      this.cursor = page.next_cursor;
      this.state.value = page.next_cursor === null ? "end" : "more";
    } catch (error) {
      if (error instanceof Problem) this.problem.value = error;
      if (!(error instanceof DOMException)) this.state.value = "failed";
    }
  }
}
