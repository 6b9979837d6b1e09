/** Who reads: the credential of this tab and what the API says of it. */

import { computed, signal } from "@preact/signals";

import type { Schema } from "./api.ts";
import { place, takeKeys } from "./route.ts";

export type Me = Schema["Me"];

const KEPT = "daybook.credential";
/** How long a new tab waits for another one to hand over its credential. */
const ASK_MS = 300;

type Message = { readonly kind: "ask" } | { readonly kind: "have"; readonly credential: string } | { readonly kind: "out" };

export const credential = signal<string | null>(sessionStorage.getItem(KEPT));
/** What `GET /v1/me` answered last, and for which chosen tenant it was asked. */
const answered = signal<{ readonly chosen: string | null; readonly me: Me } | null>(null);
/** Whose credential it is: role and label are the same for every tenant. Null until it has worked once. */
export const holder = computed(() => answered.value?.me ?? null);
/** What `GET /v1/me` answered for the chosen tenant. Null from the moment that another one is chosen until its answer. */
export const me = computed(() => (answered.value?.chosen === chosenTenant.value ? answered.value.me : null));
/** The credential was refused in mid-work: a sheet asks for another one, the page stays. */
export const refused = signal(false);
/** This tab waits for another one's credential. */
export const asking = signal(false);

/** To the other tabs of this address. Nothing of it is stored. */
const tabs = new BroadcastChannel("daybook");

tabs.addEventListener("message", ({ data }: MessageEvent<Message>) => {
  if (data.kind === "out") clear();
  else if (data.kind === "ask" && credential.value !== null && !refused.value) {
    send({ kind: "have", credential: credential.value });
  } else if (data.kind === "have" && asking.value) keep(data.credential);
});

function send(message: Message): void {
  tabs.postMessage(message);
}

/** A new tab has no credential of its own: it takes another tab's, where one answers. */
export function askOtherTabs(): void {
  if (credential.value !== null) return;
  asking.value = true;
  send({ kind: "ask" });
  setTimeout(() => (asking.value = false), ASK_MS);
}

export function keep(text: string): void {
  sessionStorage.setItem(KEPT, text);
  credential.value = text;
  refused.value = false;
  asking.value = false;
}

function clear(): void {
  sessionStorage.removeItem(KEPT);
  credential.value = null;
  answered.value = null;
  refused.value = false;
}

/** Keeps what `GET /v1/me` answered when this tenant was the chosen one. */
export function learn(chosen: string | null, found: Me): void {
  answered.value = { chosen, me: found };
}

/** Drops a credential that never worked, in this tab alone. */
export function drop(): void {
  clear();
}

/** Signs out in every tab. */
export function signOut(): void {
  clear();
  send({ kind: "out" });
}

/** A key in the address signs in: before anything is rendered, and in an open page too. */
export function takeKeysFromAddress(): void {
  takeKeys((key) => {
    if (key !== credential.value) clear();
    keep(key);
  });
}

/** The tenant that operations chose; null for everybody else. */
export const chosenTenant = computed(() => place.value.query.get("tenant"));
/** The environment of the page: the address's, else the credential's own, else the tenant's first. */
export const environment = computed(
  () => place.value.query.get("env") ?? me.value?.environment ?? me.value?.environments[0] ?? null,
);

/** Whose events the page shows. What was read for another value of it belongs to somebody else. */
export const reader = computed(() => `${chosenTenant.value ?? me.value?.tenant ?? ""}\n${environment.value ?? ""}`);

export type Role = "producer" | "auditor" | "admin" | "operations";

/** Whether the credential has one of the roles: a token may have several. */
export function may(...roles: Role[]): boolean {
  const mine = holder.value?.role.split(",") ?? [];
  return roles.some((role) => mine.includes(role));
}
