/** Who reads: the credential of this tab and what the API says of it. */

import { computed, signal } from "@preact/signals";

import type { Schema } from "./api.ts";
import { go, place } from "./route.ts";

export type Me = Schema["Me"];

const KEPT = "daybook.credential";
/** How long a new tab waits for another one to hand over its credential. */
const ASK_MS = 300;

type Message = { readonly kind: "ask" } | { readonly kind: "have"; readonly credential: string } | { readonly kind: "out" };

export const credential = signal<string | null>(sessionStorage.getItem(KEPT));
/** What `GET /v1/me` answered for the credential and the chosen tenant. */
export const me = signal<Me | null>(null);
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
  me.value = null;
  refused.value = false;
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

/** Takes a key out of `#key=…` before anything is rendered, so that it stays in no address and no history. */
export function takeKeyFromAddress(): void {
  const found = /^#key=([^&]+)(?:&to=(.*))?$/.exec(location.hash);
  if (!found) return;
  go(found[2] ? `#/${found[2]}` : "#/", "replace");
  keep(decodeURIComponent(found[1] ?? ""));
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
  const mine = me.value?.role.split(",") ?? [];
  return roles.some((role) => mine.includes(role));
}
