/** The usual questions, from what the tenant's profile has. */

import { type Kind, ofKind } from "../../catalogue.ts";
import { type Filter, type FilterKey, type Question, nameOf } from "../../query.ts";
import { WITHOUT_OWN } from "../home.ts";

export interface Preset {
  readonly name: string;
  /** What it asks, in place of the present filters; null: the reader says whom, in the field. */
  readonly filters: readonly Filter[] | null;
  /** The columns that answer it, where the product's own lack them. */
  readonly columns?: readonly FilterKey[];
}

/** A preset whose activities the catalogue lacks is left out. */
export function presets(): Preset[] {
  const found: Preset[] = [];
  const add = (name: string, kind: Kind, more: readonly Filter[] = [], columns: readonly FilterKey[] = []): void => {
    const values = ofKind(kind);
    if (values.length) found.push({ name, filters: [{ key: "activity", not: false, values }, ...more], columns });
  };
  add("Failed sign-ins", "sign-in", [{ key: "status", not: false, values: ["failure"] }], ["ip", "status"]);
  add("Access changes", "access-change");
  add("Deletions", "deletion");
  return [
    ...found,
    { name: "What did … do", filters: null },
    { name: "By the system", filters: [{ key: "origin", not: false, values: ["system"] }, WITHOUT_OWN] },
    { name: "Without Daybook's own", filters: [WITHOUT_OWN] },
  ];
}

/** The name of the preset that asks exactly this; null where none does. */
export function presetOf(question: Pick<Question, "filters">): string | null {
  const asked = fingerprint(question.filters);
  return presets().find((preset) => preset.filters !== null && fingerprint(preset.filters) === asked)?.name ?? null;
}

/** The columns of the presets that the question asks, whatever else it asks too. */
export function columnsFor({ filters }: Pick<Question, "filters">): readonly FilterKey[] {
  const asked = new Set(filters.map((filter) => fingerprint([filter])));
  return presets().flatMap((preset) => (preset.filters?.every((one) => asked.has(fingerprint([one]))) ? (preset.columns ?? []) : []));
}

function fingerprint(filters: readonly Filter[]): string {
  return JSON.stringify(filters.map((filter) => [nameOf(filter), ...[...filter.values].sort()]).sort());
}
