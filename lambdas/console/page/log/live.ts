/** The live tail: what the feed has since one began to watch. It pauses while one reads further down or has an event open. */

import { type ReadonlySignal, computed, signal } from "@preact/signals";

import { Problem, get } from "../api.ts";
import type { Question } from "../query.ts";
import { wash } from "./arrived.ts";
import type { List } from "./list.ts";
import { type NativeEvent, type Row, asShown, viewOf } from "./reading.ts";

const EVERY_MS = 2_000;
/** A screen reader hears of new rows at most this often. */
const ANNOUNCED_MS = 10_000;
/** More waiting rows than this are not kept: the list is read anew instead. */
const MOST_WAITING = 500;

interface Item {
  readonly index: number;
  readonly event?: unknown;
  readonly native?: NativeEvent;
}

interface FeedPage {
  readonly events: readonly Item[];
  readonly log: string | null;
  readonly next: number;
  readonly size: number;
}

export class Tail {
  readonly waiting = signal<readonly Row[]>([]);
  readonly reading = signal(false);
  /** What a screen reader is told. */
  readonly said = signal("");
  /** Why nothing is asked any more, until one begins again; null: it goes on. */
  readonly stopped = signal<string | null>(null);
  readonly word: ReadonlySignal<string> = computed(() =>
    this.stopped.value !== null ? "Stopped" : this.reading.value ? "Paused while you read" : "Live",
  );
  private readonly abort = new AbortController();
  private log: string | null = null;
  private after = 0;
  /** Where to begin is known. Before that nothing is polled, or the whole log would be new. */
  private settled = false;
  private timer = 0;
  private unsaid = 0;
  private saidAt = 0;
  private list: List | null = null;
  private onFirst: (() => void) | null = null;

  constructor(
    private readonly question: Question,
    private readonly reload: () => void,
  ) {
    document.addEventListener("visibilitychange", this.onVisible);
  }

  /** Where the log stands: asked before the rows are read, or what is appended between the two would be in neither. */
  async tip(): Promise<void> {
    const page = await this.ask(new URLSearchParams({ after: "0", limit: "1" }));
    if (!page) return;
    [this.log, this.after, this.settled] = [page.log, page.size, true];
    this.next();
  }

  watch(list: List): void {
    this.list = list;
  }

  /** Without rows to add to: for whoever waits for the first. */
  watchAlone(onFirst: () => void): void {
    [this.onFirst, this.settled] = [onFirst, true];
    this.next(0);
  }

  end(): void {
    this.abort.abort();
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  /** Shows the rows that wait. */
  show(): void {
    const { list } = this;
    if (this.waiting.value.length > MOST_WAITING) this.reload();
    else if (list) {
      wash(list.insert(this.waiting.value).map(({ native }) => native.id));
      this.waiting.value = [];
    }
  }

  /** The reader is at the top with nothing open, or is not. */
  read(isReading: boolean): void {
    if (this.reading.peek() === isReading) return;
    this.reading.value = isReading;
    if (!isReading) this.show();
  }

  private readonly onVisible = (): void => {
    if (document.visibilityState === "visible") this.next(0);
    else clearTimeout(this.timer);
  };

  private next(wait: number = EVERY_MS): void {
    clearTimeout(this.timer);
    if (!this.settled || this.stopped.value !== null) return;
    if (this.abort.signal.aborted || document.visibilityState !== "visible") return;
    this.timer = setTimeout(() => void this.poll(), wait);
  }

  private async poll(): Promise<void> {
    const query = asShown(this.question);
    query.delete("sort");
    query.set("after", String(this.after));
    if (this.log !== null) query.set("log", this.log);
    const page = await this.ask(query);
    if (!page) return;
    [this.log, this.after] = [page.log, page.next];
    this.take(page.events.flatMap((item) => rowOf(item, viewOf(this.question))));
    this.next(page.next < page.size ? 0 : EVERY_MS);
  }

  /** Null: aborted, or refused. What passes, `get` waits for. */
  private async ask(query: URLSearchParams): Promise<FeedPage | null> {
    try {
      return await get<FeedPage>("feed", { query, signal: this.abort.signal });
    } catch (error) {
      if (error instanceof Problem) this.stopped.value = error.detail;
      return null;
    }
  }

  private take(rows: readonly Row[]): void {
    const known = new Set(this.waiting.value.map(({ native }) => native.id));
    const fresh = rows.filter(({ native }) => !known.has(native.id) && !this.list?.has(native.id));
    if (!fresh.length) return;
    this.onFirst?.();
    this.onFirst = null;
    this.waiting.value = [...this.waiting.value, ...fresh];
    this.unsaid += fresh.length;
    this.say();
    if (!this.reading.value) this.show();
  }

  private say(): void {
    if (Date.now() - this.saidAt < ANNOUNCED_MS) return;
    this.said.value = this.unsaid === 1 ? "1 new event" : `${this.unsaid.toLocaleString("en")} new events`;
    [this.unsaid, this.saidAt] = [0, Date.now()];
  }
}

/** Nothing for what is gone or missing: the ledger's own page tells of it. */
function rowOf(item: Item, view: string): Row[] {
  if (item.event === undefined) return [];
  if (view === "native") return [{ native: item.event as NativeEvent, shown: null }];
  return item.native ? [{ native: item.native, shown: item.event as Record<string, string> }] : [];
}
