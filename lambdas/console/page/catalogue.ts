/** The tenant's catalogue, read once for each tenant and credential. */

import { effect, signal, untracked } from "@preact/signals";

import { type Schema, get } from "./api.ts";
import { me } from "./session.ts";

export type Catalogue = Schema["CatalogueDescription"];
export type Kind = NonNullable<Catalogue["activities"][number]["kind"]>;

/** Null until it is read. */
export const catalogue = signal<Catalogue | null>(null);

let abort = new AbortController();

/** Reads it (again): at the beginning, for another tenant, and after a change of it. */
export async function readCatalogue(): Promise<void> {
  abort.abort();
  abort = new AbortController();
  try {
    catalogue.value = await get<Catalogue>("catalogue", { inEnvironment: false, signal: abort.signal });
  } catch {
    // Without it the page has no presets and offers fewer values; what it shows is right all the same.
  }
}

effect(() => {
  const reader = me.value;
  untracked(() => {
    abort.abort();
    catalogue.value = null;
    if (reader?.tenant && reader.role !== "producer") void readCatalogue();
  });
});

/** The activities of a kind, by which all products have the same questions. */
export function ofKind(kind: Kind): string[] {
  return (catalogue.value?.activities ?? []).filter((activity) => activity.kind === kind).map((one) => one.activity);
}
