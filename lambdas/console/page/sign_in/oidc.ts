/** Signing in at the OIDC issuer: authorization code with PKCE, by a redirect there and back. */

import { signal } from "@preact/signals";

import { Problem, type Schema, call, get } from "../api.ts";
import { go } from "../route.ts";
import { keep } from "../session.ts";

type Config = Schema["ConsoleConfig"];

/** What the house says of itself; null until it has. */
export const config = signal<Config | null>(null);
/** Why the last try failed. */
export const failure = signal<string | null>(null);
/** A code has come back from the issuer and is being exchanged. */
export const exchanging = signal(false);

/** What has to outlive the way to the issuer and back. It goes as soon as the code has come. */
interface Kept {
  readonly state: string;
  readonly verifier: string;
  readonly place: string;
}

const KEPT = "daybook.sign-in";

export async function learnConfig(): Promise<void> {
  try {
    config.value = await get<Config>("console-config", { inEnvironment: false, once: true });
  } catch {
    // The issuer is away: keys still work, and the next visit asks again.
  }
}

/** This page's address without what follows it: where the issuer sends people back to. */
function here(): string {
  return location.origin + location.pathname;
}

export async function leave(to: NonNullable<Config["sign_in"]>): Promise<void> {
  const kept: Kept = { state: random(), verifier: random(), place: location.hash };
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
  const address = new URL(to.authorization_endpoint);
  const asked = {
    response_type: "code",
    client_id: to.client_id,
    redirect_uri: here(),
    scope: to.scope,
    state: kept.state,
    code_challenge: base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(kept.verifier))),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
}

/** Takes what the issuer's answer says out of the address, before anything is rendered. */
export function comeBack(): void {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("state")) return;
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  const kept = text === null ? null : (JSON.parse(text) as Kept);
  history.replaceState(null, "", here());
  go(kept?.place || "#/log", "replace");
  const code = answer.get("code");
  if (kept === null || answer.get("state") !== kept.state) {
    failure.value = "This sign-in was not begun in this tab. Sign in again.";
  } else if (code === null) {
    failure.value = `The issuer did not sign you in: ${answer.get("error_description") ?? answer.get("error") ?? "no code"}`;
  } else void exchange(code, kept.verifier);
}

async function exchange(code: string, verifier: string): Promise<void> {
  exchanging.value = true;
  try {
    const body = { code, verifier, redirect_uri: here() };
    keep((await call<Schema["SignedIn"]>("POST", "sign-in", { body, inEnvironment: false })).token);
    failure.value = null;
  } catch (error) {
    failure.value = error instanceof Problem ? error.detail : "The service can't be reached. Sign in again.";
  } finally {
    exchanging.value = false;
  }
}

/** 43 characters, the 256 bits that RFC 7636 recommends. */
function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)).buffer);
}

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
