/** Who reads: the credential of this tab and what the API says of it. */

import { computed, signal } from "@preact/signals";

import { go, place } from "./route.ts";

export interface Me {
  readonly tenant: string | null;
  readonly name: string | null;
  readonly profile: string | null;
  readonly view: string | null;
  readonly role: string;
  readonly environment: string | null;
  readonly environments: readonly string[];
  readonly credential: { readonly kind: "key" | "oidc"; readonly id: string; readonly label: string | null };
  readonly retained_from: string | null;
  readonly audit_since: string | null;
  readonly legal_hold: boolean;
}

const KEPT = "daybook.credential";

export const credential = signal<string | null>(sessionStorage.getItem(KEPT));
/** What `GET /v1/me` answered for the credential and the chosen tenant. */
export const me = signal<Me | null>(null);
/** The credential was refused in mid-work: a sheet asks for another one, the page stays. */
export const refused = signal(false);

export function keep(text: string): void {
  sessionStorage.setItem(KEPT, text);
  credential.value = text;
  refused.value = false;
}

export function signOut(): void {
  sessionStorage.removeItem(KEPT);
  credential.value = null;
  me.value = null;
  refused.value = false;
}

/** Takes a key out of `#key=…` before anything is rendered, so that it stays in no address and no history. */
export function takeKeyFromAddress(): void {
  const found = /^#key=([^&]+)(?:&to=(.*))?$/.exec(location.hash);
  if (!found) return;
  go(found[2] ? `#/${decodeURIComponent(found[2])}` : "#/", "replace");
  keep(decodeURIComponent(found[1] ?? ""));
}

/** The tenant that operations chose; null for everybody else. */
export const chosenTenant = computed(() => place.value.query.get("tenant"));
/** The environment of the page: the address's, else the credential's own, else the tenant's first. */
export const environment = computed(
  () => place.value.query.get("env") ?? me.value?.environment ?? me.value?.environments[0] ?? null,
);

export type Role = "producer" | "auditor" | "admin" | "operations";

export function may(...roles: Role[]): boolean {
  return me.value !== null && roles.includes(me.value.role as Role);
}
