/** The tenant's exports, read anew while one of them is under way and the tab is looked at. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { type Schema, call, get } from "../api.ts";
import { beginning } from "../proof/logs.ts";
import { type Question, nameOf } from "../query.ts";
import { credential, environment, me } from "../session.ts";

export type Export = Schema["ExportDescription"];

/** Newest first; null until they are read. */
export const exports = signal<readonly Export[] | null>(null);

const SHORTEST_MS = 1_000;
const LONGEST_MS = 5_000;

export function isUnderWay(each: Export): boolean {
  return each.status === "queued" || each.status === "running";
}

async function read(abort: AbortSignal): Promise<void> {
  exports.value = (await get<Schema["ExportList"]>("exports", { signal: abort, inEnvironment: false })).exports;
}

/** Keeps `exports` fresh while the component is shown: after one second, then ever later up to five. */
export function useExports(): void {
  const reader = `${credential.value ?? ""} ${me.value?.tenant ?? ""}`;
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    let wait = SHORTEST_MS;
    async function turn(): Promise<void> {
      try {
        if (document.visibilityState === "visible") await read(abort.signal);
      } catch {
        return; // it was stopped, or the credential was refused, which the page says
      }
      if (abort.signal.aborted || !exports.value?.some(isUnderWay)) return;
      timer = setTimeout(() => void turn(), wait);
      wait = Math.min(wait * 1.5, LONGEST_MS);
    }
    exports.value = null;
    void turn();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [reader, refreshed.value]);
}

const refreshed = signal(0);

export type Choices = Partial<Pick<Schema["SentExport"], "format" | "mark" | "evidence">> & {
  readonly view: string;
  readonly tz: string;
};

/** Asks for an export of what the question finds. Throws `Problem`. */
export async function askFor(question: Question, choices: Choices): Promise<Export> {
  const filters: Record<string, string | readonly string[]> = { ...question.span };
  for (const filter of question.filters) filters[nameOf(filter)] = filter.values;
  if (environment.value !== null) filters["environment"] = environment.value;
  const since = choices.evidence && !question.filters.length ? await beginning(environment.value) : {};
  return call("POST", "exports", { body: { filters, sort: question.sort, ...choices, ...since }, inEnvironment: false });
}

/** Cancels one, or deletes its files. Throws `Problem`. */
export async function cancel(id: string): Promise<void> {
  await call("DELETE", `exports/${encodeURIComponent(id)}`, { inEnvironment: false });
  refreshed.value++;
}

export type File = "download_url" | "manifest_url" | "evidence_url";

/** Fetches one of an export's files: the API gives an address that is good for an hour, and records the download. */
export async function download(id: string, file: File): Promise<void> {
  const fresh = await call<Export>("GET", `exports/${encodeURIComponent(id)}`, { inEnvironment: false });
  const address = fresh[file];
  if (address === null) return;
  const link = document.createElement("a");
  link.href = address;
  link.rel = "noreferrer";
  link.download = "";
  link.click();
}
