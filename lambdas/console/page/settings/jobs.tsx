import { useEffect, useState } from "preact/hooks";

import { type Schema, get } from "../api.ts";

type Job = Schema["JobDescription"];

const NAMES: Readonly<Record<string, string>> = {
  restamp: "Bringing what is stored in line",
  replay: "Publishing again",
  sweep: "Looking once more for what a forgotten person left",
};

/** A job's progress, asked for more seldom the longer it takes, and only while the tab is visible. */
export function JobProgress({ id, onEnd }: { id: string; onEnd?: () => void }) {
  const [job, setJob] = useState<Job | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    let wait = 1000;
    async function look(): Promise<void> {
      if (!document.hidden) {
        const now = await get<Job>(`jobs/${id}`, { inEnvironment: false, signal: abort.signal }).catch(() => null);
        if (abort.signal.aborted || now === null) return;
        setJob(now);
        if (now.finished_at !== null) return onEnd?.();
      }
      wait = Math.min(wait * 1.5, 5000);
      timer = setTimeout(() => void look(), wait);
    }
    void look();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [id]);
  return job && <JobLine job={job} />;
}

export function JobLine({ job }: { job: Job }) {
  const name = NAMES[job.kind] ?? job.kind;
  return (
    <div class="job">
      <span>{name}</span>{" "}
      {job.finished_at === null && <progress max={1} value={job.status === "queued" ? 0 : job.progress} aria-label={name} />}
      <span class={job.status === "failed" ? "error" : "soft"}>{words(job)}</span>
    </div>
  );
}

function words(job: Job): string {
  const done = `${job.processed.toLocaleString("en")} events`;
  switch (job.status) {
    case "queued":
      return "waits, begins within two minutes";
    case "running":
      return `${Math.floor(job.progress * 100)} %, ${done}`;
    case "succeeded":
      return `done, ${done}`;
    default:
      return job.error ?? job.status;
  }
}

/** The tenant's jobs of a kind that have not ended: a reload loses none. */
export function useUnfinished(kind: string, environment: string | null): { ids: readonly string[]; add: (id: string) => void } {
  const [ids, setIds] = useState<readonly string[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    get<Schema["JobList"]>("jobs", { inEnvironment: false, signal: abort.signal }).then(
      ({ jobs }) =>
        setIds(
          jobs
            .filter((job) => job.kind === kind && job.finished_at === null && (job.environment ?? environment) === environment)
            .map((job) => job.id),
        ),
      () => undefined,
    );
    return () => abort.abort();
  }, [kind, environment]);
  return { ids, add: (id) => setIds((known) => [id, ...known]) };
}
