/** The tenant's logs: which keys sign for them, and where an export's evidence should begin. */

import { type Options, type Schema, get } from "../api.ts";

type Log = Schema["LogDescription"];

/** Evidence has 100 bytes for each entry since it begins. */
const MOST_ENTRIES = 1_000_000;

export async function readLogs(options: Options): Promise<readonly Log[]> {
  return (await get<Schema["LogList"]>("logs", { inEnvironment: false, ...options })).logs;
}

/** Of this environment, and of what everybody may read: evidence is of no other. */
export function isExported(log: Log, environment: string | null): boolean {
  return log.environment === environment && log.visibility === "all";
}

/**
 * Evidence that begins where the log begins shows that none is missing, also to a reader who kept nothing of the log.
 * A large log's begins where Daybook chooses.
 */
export async function beginning(environment: string | null): Promise<{ evidence_since?: 0 }> {
  const entries = (await readLogs({ once: true })).filter((log) => isExported(log, environment)).map(({ size }) => size);
  return Math.max(0, ...entries) <= MOST_ENTRIES ? { evidence_since: 0 } : {};
}
