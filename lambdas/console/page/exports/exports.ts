/** The tenant's exports, read when the tab is looked at, and again while one of them is under way. */

import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem, type Schema, call, get } from "../api.ts";
import { beginning } from "../proof/logs.ts";
import { type Question, nameOf } from "../query.ts";
import { environment, reader } from "../session.ts";

const refreshed = signal(0);

export type Export = Schema["ExportDescription"];

const known = signal<{ readonly reader: string; readonly all: readonly Export[] } | null>(null);

/** Newest first; null until they are read for this tenant. */
export const exports = computed(() => (known.value?.reader === reader.value ? known.value.all : null));

const SHORTEST_MS = 1_000;
const LONGEST_MS = 5_000;

export function isUnderWay(each: Export): boolean {
  return each.status === "queued" || each.status === "running";
}

async function read(abort: AbortSignal): Promise<void> {
  const asked = reader.value;
  const { exports: all } = await get<Schema["ExportList"]>("exports", { signal: abort, inEnvironment: false });
  known.value = { reader: asked, all };
}

/** Keeps `exports` fresh while the component is shown: after one second, then ever later up to five. */
export function useExports(): void {
  useEffect(() => {
    let stop = (): void => undefined;
    function look(): void {
      stop();
      if (document.visibilityState === "visible") stop = watch();
    }
    known.value = null;
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      stop();
    };
  }, [reader.value, refreshed.value]);
}

/** Reads them until none is under way. Returns what stops it. */
function watch(): () => void {
  const abort = new AbortController();
  let timer = 0;
  let wait = SHORTEST_MS;
  async function turn(): Promise<void> {
    try {
      await read(abort.signal);
    } catch {
      return; // it was stopped, or the credential was refused, which the page says
    }
    if (abort.signal.aborted || !exports.value?.some(isUnderWay)) return;
    timer = setTimeout(() => void turn(), wait);
    wait = Math.min(wait * 1.5, LONGEST_MS);
  }
  void turn();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}

export type Choices = Partial<Pick<Schema["SentExport"], "format" | "mark" | "evidence">> & {
  readonly view: string;
  readonly tz: string;
};

/** Asks for an export of what the question finds. Throws `Problem`, and where another tenant or environment is chosen
 * before it is asked for.
 */
export async function askFor(question: Question, choices: Choices): Promise<Export> {
  const asked = reader.peek();
  const filters: Record<string, string | readonly string[]> = { ...question.span };
  for (const filter of question.filters) filters[nameOf(filter)] = filter.values;
  if (environment.value !== null) filters["environment"] = environment.value;
  const since = choices.evidence && !question.filters.length ? await beginning(environment.value) : {};
  if (reader.peek() !== asked) throw new Error("another log was chosen");
  return call("POST", "exports", { body: { filters, sort: question.sort, ...choices, ...since }, inEnvironment: false });
}

/** Cancels one, or deletes its files. Throws `Problem`. */
export async function cancel(id: string): Promise<void> {
  await call("DELETE", `exports/${encodeURIComponent(id)}`, { inEnvironment: false });
  refreshed.value++;
}

export type File = "download_url" | "manifest_url" | "evidence_url";

export interface Address {
  readonly file: File;
  readonly name: string;
  readonly url: string;
}

/** Where an export's files are: the API gives addresses that are good for an hour, and records the download. */
export async function addresses(id: string): Promise<Address[]> {
  const fresh = await call<Export>("GET", `exports/${encodeURIComponent(id)}`, { inEnvironment: false });
  const ends = { download_url: "", manifest_url: ".manifest.json", evidence_url: ".evidence.ndjson" } as const;
  return (Object.keys(ends) as File[]).flatMap((file) => {
    const url = fresh[file];
    return url === null ? [] : [{ file, name: `${fresh.filename}${ends[file]}`, url }];
  });
}

export async function download(id: string, file: File): Promise<void> {
  const found = (await addresses(id)).find((each) => each.file === file);
  if (found) follow(found.url);
}

export function follow(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.rel = "noreferrer";
  link.download = "";
  link.click();
}

export function failure(error: unknown): string {
  return error instanceof Problem ? error.detail : "The service was not reached.";
}
