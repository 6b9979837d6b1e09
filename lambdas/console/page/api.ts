/** Calls of the public API with the reader's credential. The page has no other powers. */

import { signal } from "@preact/signals";

import type { components, operations } from "./schema.d.ts";
import { chosenTenant, credential, environment, holder, refused } from "./session.ts";

export type Schema = components["schemas"];
/** The JSON of an operation's 200. */
export type Answer<O extends keyof operations> = operations[O] extends {
  responses: { 200: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;

/** An answer that is an error: RFC 9457's problem document. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: readonly { path: string; message: string }[],
    /** Seconds. */
    readonly retryAfter: number | null,
  ) {
    super(detail);
  }
}

export interface Trouble {
  /** `offline` also where the service answers 5xx. */
  readonly kind: "offline" | "limited";
  readonly since: number;
  readonly retryAt: number;
  /** Tries at once. */
  readonly now: () => void;
}

/** Why a read waits, or null. A band shows it; the read goes on by itself. */
export const trouble = signal<Trouble | null>(null);

export interface Options {
  readonly query?: URLSearchParams | Record<string, string | readonly string[]>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** False: the call names no environment. */
  readonly inEnvironment?: boolean;
  /** Null: the call names no tenant in its header, because its path does. */
  readonly tenant?: null;
  /** True: fails at once where a read would wait and try again. */
  readonly once?: boolean;
}

const LONGEST_WAIT_S = 30;

/** Reads. Where the service can't be reached, is limited or fails, or the credential has ended, it
 * waits and tries again until `signal` aborts. */
export async function get<T>(path: string, options: Options = {}): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      const answer = await call<T>("GET", path, options);
      if (tries) trouble.value = null;
      return answer;
    } catch (error) {
      if (!options.once && error instanceof Problem && error.status === 401 && holder.value !== null) {
        await signedInAgain(options.signal);
        continue;
      }
      const wait = options.once ? null : waitFor(error, tries);
      if (wait === null) throw error;
      await pause(wait, isLimit(error) ? "limited" : "offline", options.signal);
    }
  }
}

/** A credential that had worked was refused: what was being read waits until somebody has signed in again. */
function signedInAgain(abort?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = refused.subscribe((still) => {
      if (still) return;
      if (credential.value === null) stop();
      else resolve();
      queueMicrotask(() => end());
    });
    function stop(): void {
      reject(new DOMException("aborted", "AbortError"));
    }
    abort?.addEventListener("abort", stop, { once: true });
  });
}

function isLimit(error: unknown): boolean {
  return error instanceof Problem && error.status === 429;
}

function waitFor(error: unknown, tries: number): number | null {
  const backOff = Math.min(2 ** tries, LONGEST_WAIT_S);
  if (error instanceof TypeError) return backOff;
  if (!(error instanceof Problem) || (error.status !== 429 && error.status < 500)) return null;
  return Math.max(error.retryAfter ?? 0, isLimit(error) ? 1 : backOff);
}

function pause(seconds: number, kind: Trouble["kind"], abort?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, seconds * 1000);
    function done(): void {
      clearTimeout(timer);
      abort?.removeEventListener("abort", stop);
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      trouble.value = null;
      reject(new DOMException("aborted", "AbortError"));
    }
    abort?.addEventListener("abort", stop, { once: true });
    trouble.value = {
      kind,
      since: trouble.value?.since ?? Date.now(),
      retryAt: Date.now() + seconds * 1000,
      now: done,
    };
  });
}

/** One call. Throws `Problem`, `TypeError` where there is no answer, `AbortError`. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const answer = await send(method, path, options);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

/** The same as a raw answer, for what is not JSON. */
export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  if (credential.value !== null) headers["Authorization"] = `Bearer ${credential.value}`;
  if (chosenTenant.value !== null && options.tenant !== null) headers["Daybook-Tenant"] = chosenTenant.value;
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit" };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  if (options.signal) init.signal = options.signal;
  const answer = await fetch(address(path, options), init);
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (problem.status === 401 && credential.value !== null) refused.value = true;
  throw problem;
}

/** The call's address relative to the page: on AWS both live under a stage. */
export function address(path: string, options: Options = {}): string {
  const query = new URLSearchParams();
  const given = options.query instanceof URLSearchParams ? [...options.query] : Object.entries(options.query ?? {});
  for (const [name, value] of given) for (const one of [value].flat()) query.append(name, one);
  if (options.inEnvironment !== false && environment.value !== null && !query.has("environment")) {
    query.set("environment", environment.value);
  }
  const text = query.toString();
  return `v1/${path}${text ? `?${text}` : ""}`;
}

async function problemOf(answer: Response): Promise<Problem> {
  let body: { code?: string; detail?: string; title?: string; errors?: { path: string; message: string }[] } = {};
  try {
    body = await answer.json();
  } catch {
    // A gateway's own error may be no JSON.
  }
  const after = Number(answer.headers.get("Retry-After"));
  return new Problem(
    answer.status,
    body.code ?? "unknown",
    body.detail ?? body.title ?? `The service answered ${answer.status}.`,
    body.errors ?? [],
    Number.isFinite(after) && after > 0 ? after : null,
  );
}
