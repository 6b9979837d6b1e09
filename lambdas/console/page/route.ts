/** The address: page and parameters stand in the fragment, so that no server's log and no Referer holds them. */

import { batch, signal } from "@preact/signals";

export interface Place {
  readonly page: string;
  /** What follows the page's name, decoded: `#/exports/e1` has `["e1"]`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** Parameters that every address keeps: the tenant that operations chose, and the environment. */
const STICKY = ["tenant", "env"] as const;

export function parse(hash: string): Place {
  const [path = "", query = ""] = split(hash.replace(/^#\/?/, ""));
  const [page = "", ...parts] = path.split("/").map(decoded);
  return { page, parts, query: new URLSearchParams(query) };
}

function split(text: string): [string, string] {
  const at = text.indexOf("?");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** As `URLSearchParams` reads it, but with the signs left readable that a fragment may hold. */
export function encode(query: URLSearchParams): string {
  return [...query].map(([name, value]) => `${readable(name)}=${readable(value)}`).join("&");
}

function readable(text: string): string {
  return encodeURIComponent(text).replace(/%(?:3A|40|2C|2F|21)/g, (sign) => decodeURIComponent(sign));
}

export const place = signal<Place>(parse(location.hash));

let shown: string | null = null;
let onKey: (key: string) => void = () => undefined;

function refresh(): void {
  if (location.hash === shown) return;
  const taken = takenKey(location.hash);
  if (taken) history.replaceState(null, "", taken.rest);
  shown = location.hash;
  batch(() => {
    if (taken?.key) onKey(taken.key);
    place.value = parse(location.hash);
  });
}

/** `#key=…&tenant=…&to=log?…` without its key, so that it stays in no address and no history; null where there is none. */
function takenKey(hash: string): { key: string; rest: string } | null {
  const found = /^#key=([^&]*)&?(.*)$/.exec(hash);
  if (!found) return null;
  const [others = "", to = ""] = (found[2] ?? "").split(/(?:^|&)to=(.*)/);
  const joint = others && (to.includes("?") ? "&" : "?");
  return { key: decoded(found[1] ?? ""), rest: `#/${to}${joint}${others}` };
}

/** From now on every key that comes with an address goes to `take`. */
export function takeKeys(take: (key: string) => void): void {
  onKey = take;
  refresh();
}

addEventListener("hashchange", refresh);
addEventListener("popstate", refresh);

/** The fragment of a page, with the sticky parameters of the present one where `query` does not name them. */
export function href(page: string, parts: readonly string[] = [], query: URLSearchParams = new URLSearchParams()): string {
  const all = new URLSearchParams(query);
  for (const name of STICKY) {
    const value = place.value.query.get(name);
    if (value !== null && !all.has(name)) all.set(name, value);
  }
  const path = [page, ...parts].map((part) => encodeURIComponent(part).replace(/%3A/g, ":")).join("/");
  const text = encode(all);
  return `#/${path}${text ? `?${text}` : ""}`;
}

/** Goes to a fragment. `replace` leaves no step to go back to. */
export function go(fragment: string, how: "push" | "replace" = "push"): void {
  if (fragment === location.hash) return;
  if (how === "push") history.pushState(null, "", fragment);
  else history.replaceState(null, "", fragment);
  refresh();
}
