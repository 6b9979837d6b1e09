/** The rows of a question, read page by page, and how far the reading got. */

import { type ReadonlySignal, computed, signal } from "@preact/signals";

import { Problem } from "../api.ts";
import { NEWEST_FIRST, type Question } from "../query.ts";
import { credential } from "../session.ts";
import { type NativeEvent, PAGE, type Page, type Row, ask, rowsOf } from "./reading.ts";

export type { NativeEvent, Row } from "./reading.ts";

/** Rows that were read together, or that arrived while one watches. */
export interface Sheet {
  /** Stays the same while rows come and go. */
  readonly key: number;
  /** The cursor that reads them again; undefined: none does, they arrived. */
  readonly cursor: string | null | undefined;
  /** Null: let go of, since they are far from what is shown. */
  readonly rows: readonly Row[] | null;
  readonly count: number;
  /** When the last row happened: the day before the next sheet's first. */
  readonly lastAt: string;
  readonly lastId: string;
}

/**
 * `waiting`: it reads. `more`: there is more, and it is read when the foot comes near. `paused`: there may be more, and the reader decides.
 * `stale`: the cursor is a day old.
 */
export type State = "waiting" | "more" | "paused" | "end" | "failed" | "stale";

/** Rows whose data is kept. */
const MOST_KEPT = 5_000;
/** The API's own limit of a page. */
const MOST_AT_ONCE = 500;
const MOST_REQUESTS = 5;
const MOST_MS = 12_000;

let lists = 0;

export class List {
  /** Another one for each question. */
  readonly id = ++lists;
  readonly sheets = signal<readonly Sheet[]>([]);
  readonly columns = signal<readonly string[]>([]);
  readonly state = signal<State>("waiting");
  readonly problem = signal<Problem | null>(null);
  /** True from the first answer on. */
  readonly answered = signal(false);
  readonly scanned = signal(0);
  readonly reached = signal<string | null>(null);
  /** The planner's word for what was read: `actor`, `timeline`, … */
  readonly index = signal<string | null>(null);
  /** Milliseconds: the moment that the rows are of. */
  readonly asOf = signal(Date.now());
  readonly count: ReadonlySignal<number> = computed(() => this.sheets.value.reduce((sum, { count }) => sum + count, 0));
  readonly rows: ReadonlySignal<readonly Row[]> = computed(() => this.sheets.value.flatMap(({ rows }) => rows ?? []));

  private cursor: string | null = null;
  /** Who asked for the cursor: it is good for no other credential. */
  private asker = credential.peek();
  private readonly seen = new Set<string>();
  private readonly abort = new AbortController();
  private run: AbortController | null = null;
  private readonly reading = new Set<number>();

  constructor(
    readonly question: Question,
    /** Settles when the rows may be read: one who watches asks first where the log stands. */
    ready: Promise<unknown> = Promise.resolve(),
  ) {
    void ready.then(() => this.more());
  }

  /** Ends every read. The rows stay. */
  end(): void {
    this.abort.abort();
  }

  /** Stops searching on, at the reader's word. */
  stop(): void {
    this.run?.abort();
  }

  /** Reads on until there is a page of rows more, within a bound on requests and on time. */
  async more(): Promise<void> {
    if (this.run || this.state.value === "end" || this.state.value === "stale" || this.abort.signal.aborted) return;
    const run = (this.run = new AbortController());
    this.state.value = "waiting";
    this.problem.value = null;
    const [before, began] = [this.count.value, Date.now()];
    try {
      for (let requests = 1; ; requests++) {
        await this.one(AbortSignal.any([run.signal, this.abort.signal]));
        if (this.cursor === null) this.state.value = "end";
        else if (this.count.value - before >= PAGE) this.state.value = "more";
        else if (requests >= MOST_REQUESTS || Date.now() - began > MOST_MS) this.state.value = "paused";
        else continue;
        break;
      }
    } catch (error) {
      this.failed(error);
    } finally {
      this.run = null;
      this.answered.value ||= !this.abort.signal.aborted;
    }
  }

  /** Goes on with a new credential: cursors are good for the one that asked, so it reads again up to the last row. */
  private async renew(): Promise<void> {
    const sheets = this.sheets.value;
    const last = sheets.at(-1)?.lastId;
    if (last === undefined) return this.more();
    this.state.value = "waiting";
    this.asker = credential.peek();
    try {
      for (let cursor: string | null = null, first = true; first || cursor !== null; first = false) {
        const page: Page = await ask(this.question, cursor, this.abort.signal, MOST_AT_ONCE);
        cursor = this.cursor = page.next_cursor;
        const rows = rowsOf(page);
        const at = rows.findIndex(({ native }) => native.id === last);
        if (at < 0) continue;
        const more = rows.slice(at + 1).filter(({ native }) => !this.seen.has(native.id));
        for (const { native } of more) this.seen.add(native.id);
        const kept = sheets.map((sheet) => (sheet.rows === null ? sheet : { ...sheet, cursor: undefined }));
        this.sheets.value = more.length ? [...kept, sheetOf(undefined, more)] : kept;
        break;
      }
      this.problem.value = null;
      this.state.value = this.cursor === null ? "end" : "more";
    } catch (error) {
      this.failed(error);
    }
  }

  /** Reads the rows of a sheet again that was let go of. */
  async again(sheet: Sheet): Promise<void> {
    const cursor = sheet.cursor;
    if (sheet.rows !== null || cursor === undefined || this.reading.has(sheet.key)) return;
    this.reading.add(sheet.key);
    try {
      // Late events move rows to the next page: it goes on until it has the row with which the sheet ended.
      const rows: Row[] = [];
      for (let at: string | null = cursor, first = true; first || at !== null; first = false) {
        const page: Page = await ask(this.question, at, this.abort.signal);
        rows.push(...rowsOf(page));
        if (rows.some(({ native }) => native.id === sheet.lastId)) break;
        at = page.next_cursor;
      }
      const end = rows.findIndex(({ native }) => native.id === sheet.lastId);
      const own = end < 0 ? rows : rows.slice(0, end + 1);
      for (const { native } of own) this.seen.add(native.id);
      this.sheets.value = this.sheets.value.map((each) => (each.key === sheet.key ? { ...each, rows: own, count: own.length } : each));
    } catch (error) {
      this.failed(error);
    } finally {
      this.reading.delete(sheet.key);
    }
  }

  /** Lets go of the rows that are farthest from the sheet in view, where there are too many. */
  keepNear(at: number): void {
    const sheets = this.sheets.value;
    let kept = sheets.reduce((sum, sheet) => sum + (sheet.rows?.length ?? 0), 0);
    if (kept <= MOST_KEPT) return;
    const gone = new Set<Sheet>();
    const farthest = sheets.map((sheet, place) => ({ sheet, far: Math.abs(place - at) })).sort((a, b) => b.far - a.far);
    for (const { sheet } of farthest) {
      if (kept <= MOST_KEPT) break;
      if (sheet.rows === null || sheet.cursor === undefined) continue;
      kept -= sheet.rows.length;
      gone.add(sheet);
    }
    this.sheets.value = sheets.map((sheet) => (gone.has(sheet) ? { ...sheet, rows: null } : sheet));
  }

  /** Puts rows that arrived where they belong by time, newest first. Gives those that are now in the list. */
  insert(arrived: readonly Row[]): readonly Row[] {
    const fresh = arrived.filter(({ native }) => !this.seen.has(native.id));
    const added = fresh.filter((row) => this.place(row));
    for (const { native } of added) this.seen.add(native.id);
    this.asOf.value = Date.now();
    return added;
  }

  has(id: string): boolean {
    return this.seen.has(id);
  }

  private place(row: Row): boolean {
    const sheets = this.sheets.value;
    const first = sheets[0]?.rows?.[0];
    if (!first || isNewer(row.native, first.native)) {
      this.sheets.value = onTop(sheets, row);
      return true;
    }
    const at = sheets.findIndex((sheet) => sheet.lastId < row.native.id);
    const sheet = sheets[at];
    // What lies further back than the reading got is found when it gets there.
    if (!sheet?.rows) return this.state.value === "end" && at < 0 && this.atEnd(row);
    const before = sheet.rows.findIndex(({ native }) => isNewer(row.native, native));
    const rows = [...sheet.rows.slice(0, before), row, ...sheet.rows.slice(before)];
    this.sheets.value = sheets.with(at, { ...sheet, rows, count: rows.length });
    return true;
  }

  private atEnd(row: Row): boolean {
    this.sheets.value = [...this.sheets.value, sheetOf(undefined, [row])];
    return true;
  }

  private async one(abort: AbortSignal): Promise<void> {
    const cursor = this.cursor;
    const page = await ask(this.question, cursor, abort);
    const rows = rowsOf(page).filter(({ native }) => !this.seen.has(native.id));
    for (const { native } of rows) this.seen.add(native.id);
    this.columns.value = page.columns ?? [];
    if (rows.length) this.sheets.value = [...this.sheets.value, sheetOf(cursor, rows)];
    this.scanned.value += page.scanned;
    this.reached.value = page.reached ?? this.reached.value;
    this.index.value = page.index;
    if (cursor === null) this.asOf.value = Date.now();
    this.cursor = page.next_cursor;
    this.answered.value = true;
  }

  private failed(error: unknown): void {
    if (this.abort.signal.aborted) return;
    if (error instanceof DOMException) this.state.value = "paused";
    else if (error instanceof Problem && error.code === "cursor_mismatch" && credential.peek() !== this.asker) void this.renew();
    else if (error instanceof Problem) {
      this.problem.value = error;
      this.state.value = error.code === "cursor_mismatch" ? "stale" : "failed";
    } else throw error;
  }
}

/** Ids sort by the time of the event. */
function isNewer(one: NativeEvent, other: NativeEvent): boolean {
  return one.id > other.id;
}

let keys = 0;

function sheetOf(cursor: string | null | undefined, rows: readonly Row[], key: number = ++keys): Sheet {
  const last = rows.at(-1)?.native;
  return { key, cursor, rows, count: rows.length, lastAt: last?.occurred_at ?? "", lastId: last?.id ?? "" };
}

/** What arrives goes to sheets of its own, so that those which were read can be read again. */
function onTop(sheets: readonly Sheet[], row: Row): readonly Sheet[] {
  const first = sheets[0];
  if (first?.rows && first.cursor === undefined && first.count < PAGE) {
    return sheets.with(0, sheetOf(undefined, [row, ...first.rows], first.key));
  }
  return [sheetOf(undefined, [row]), ...sheets];
}

export function isByTime(question: Question): boolean {
  return question.sort === NEWEST_FIRST || question.sort === "occurred_at";
}
