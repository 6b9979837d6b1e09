/** What an operator has to know on every page: asked once a minute while the tab is visible. */

import { effect, signal, untracked } from "@preact/signals";

import { type Schema, get } from "../api.ts";
import { environment, may, me } from "../session.ts";

const EVERY_MS = 60_000;
/** A job that has neither read nor written anything for so long is stuck: a worker's turn takes 15 minutes at most. */
const STUCK_MS = 20 * 60_000;

type Stream = Schema["StreamDescription"];
type Alert = Schema["AlertDescription"];
type Job = Schema["JobDescription"];

/** The environment's stream, where it is failing. */
export const failing = signal<Stream | null>(null);
export const alerts = signal<readonly Alert[]>([]);
export const stuck = signal<readonly Job[]>([]);

/** How far each job was, and since when. */
const seen = new Map<string, { readonly done: string; readonly since: number }>();

async function look(stop: AbortSignal): Promise<void> {
  const ask = { signal: stop, once: true };
  const everywhere = { ...ask, inEnvironment: false };
  await Promise.allSettled([
    get<Schema["AlertPage"]>("alerts", ask).then((page) => (alerts.value = page.alerts)),
    may("admin", "operations") &&
      get<Stream>("settings/stream", ask).then((stream) => (failing.value = stream.status === "failing" ? stream : null)),
    may("admin", "operations") &&
      get<Schema["JobList"]>("jobs", everywhere).then((list) => (stuck.value = list.jobs.filter(isStuck))),
  ]);
}

function isStuck(job: Job): boolean {
  if (job.finished_at !== null) return false;
  const done = `${job.processed} ${job.progress}`;
  const before = seen.get(job.id);
  const since = before?.done === done ? before.since : Date.now();
  seen.set(job.id, { done, since });
  return Date.now() - since > STUCK_MS;
}

effect(() => {
  const reads = me.value?.tenant && environment.value && may("auditor", "admin", "operations");
  untracked(() => {
    failing.value = null;
    alerts.value = [];
    stuck.value = [];
    seen.clear();
  });
  if (!reads) return undefined;
  const stop = new AbortController();
  const again = (): void => {
    if (document.visibilityState === "visible") void untracked(() => look(stop.signal));
  };
  again();
  const timer = setInterval(again, EVERY_MS);
  return () => {
    clearInterval(timer);
    stop.abort();
  };
});
