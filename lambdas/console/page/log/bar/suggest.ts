/** What the bar offers for the word at the cursor. */

import { FILTER_KEYS, type FilterKey, named } from "../../query.ts";
import { type Preset, presets } from "./presets.ts";
import { formatFilter, words } from "./text.ts";
import type { Offer, Value } from "./values.ts";
import { HINTS, LABELS } from "./words.ts";

/** The word at the cursor, read as the beginning of something. */
export interface Begun {
  readonly start: number;
  readonly end: number;
  /** Null: no key yet. */
  readonly key: FilterKey | null;
  readonly not: boolean;
  readonly text: string;
}

export type Option =
  | { readonly kind: "key"; readonly label: string; readonly hint: string; readonly insert: string }
  | { readonly kind: "value"; readonly label: string; readonly hint: string; readonly count: number | undefined; readonly insert: string }
  | { readonly kind: "preset"; readonly label: string; readonly preset: Preset }
  | { readonly kind: "text"; readonly label: string; readonly text: string };

export interface Options {
  readonly name: string;
  readonly options: readonly Option[];
}

const MOST_VALUES = 50;

export function begunAt(line: string, cursor: number): Begun {
  const word = words(line).find(({ start, end }) => start <= cursor && cursor <= end);
  if (!word) return { start: cursor, end: cursor, key: null, not: false, text: "" };
  const { start, end } = word;
  const [, minus = "", name = "", mark = "", rest = ""] = /^(-?)([a-z_]+)(!?):(.*)$/s.exec(line.slice(start, end)) ?? [];
  const filter = named(`${name}${minus || mark ? "!" : ""}`);
  if (filter) return { start, end, ...filter, text: word.key === null ? rest : word.value };
  const text = line.slice(start, end);
  return { start, end, key: null, not: text.startsWith("-"), text: text.replace(/^-/, "") };
}

/** Keys by label and name, presets, and the line as text. `used`: how often the reader has used each key. */
export function beginnings(line: string, begun: Begun, used: ReadonlyMap<FilterKey, number>): Options[] {
  const wanted = begun.text.toLowerCase();
  const keys = FILTER_KEYS.filter((key) => key !== "q" && begins(`${LABELS[key]} ${key}`, wanted));
  const ordered = [...keys].sort((a, b) => (used.get(b) ?? 0) - (used.get(a) ?? 0));
  const usual = begun.not ? [] : presets().filter(({ name }) => begins(name, line.trim().toLowerCase()));
  const text = line.trim();
  const questions = { name: "Usual questions", options: usual.map((preset) => ({ kind: "preset", label: preset.name, preset }) as const) };
  const filters = { name: "Filters", options: ordered.map((key) => keyOption(key, begun.not)) };
  return [
    // Before anything is typed, a whole question is the shortest way.
    ...(text ? [filters, questions] : [questions, filters]),
    { name: "Text", options: text ? [{ kind: "text", label: `Search text ‘${text}’`, text } as const] : [] },
  ].filter(({ options }) => options.length);
}

export function valueOptions(begun: Begun & { readonly key: FilterKey }, offer: Offer): Options[] {
  const options = offer.values.slice(0, MOST_VALUES).map((value) => valueOption(begun, value));
  return options.length ? [{ name: offer.from === null ? LABELS[begun.key] : `${LABELS[begun.key]}, ${offer.from}`, options }] : [];
}

function keyOption(key: FilterKey, not: boolean): Option {
  return { kind: "key", label: `${not ? "not " : ""}${LABELS[key]}`, hint: HINTS[key] ?? "", insert: `${not ? "-" : ""}${key}:` };
}

function valueOption({ key, not }: { readonly key: FilterKey; readonly not: boolean }, { value, hint, count }: Value): Option {
  return { kind: "value", label: value, hint: hint ?? "", count, insert: formatFilter({ key, not, values: [value] }) };
}

function begins(text: string, wanted: string): boolean {
  return wanted === "" || text.toLowerCase().startsWith(wanted) || text.toLowerCase().split(/[\s_]+/).some((word) => word.startsWith(wanted));
}
