/** What the bar offers for the word at the cursor. */

import { FILTER_KEYS, type FilterKey, named } from "../../query.ts";
import { type Preset, presets } from "./presets.ts";
import { formatFilter, words } from "./text.ts";
import { type Offer, type Value, beginsSo } from "./values.ts";
import { HINTS, LABELS } from "./words.ts";

/** The word at the cursor, read as the beginning of something. */
export interface Begun extends Part {
  /** Null: no key yet. */
  readonly key: FilterKey | null;
  readonly not: boolean;
  readonly text: string;
}

export interface Part {
  readonly start: number;
  readonly end: number;
}

export type Option =
  | { readonly kind: "key"; readonly label: string; readonly hint: string; readonly insert: string }
  | {
      readonly kind: "value";
      readonly label: string;
      readonly hint: string;
      readonly count: number | undefined;
      readonly insert: string;
      /** What of the line it takes the place of. */
      readonly at: Part;
    }
  | { readonly kind: "preset"; readonly label: string; readonly preset: Preset }
  | { readonly kind: "text"; readonly label: string; readonly text: string };

export interface Options {
  readonly name: string;
  readonly options: readonly Option[];
}

const MOST_VALUES = 50;
const LEAST_NAME = 2;
const MOST_NAME = 100;

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

/** What may be somebody's name: the whole line while no word of it has a key, else the word; null: nothing is. */
export function nameAt(line: string, begun: Begun): (Part & { readonly text: string }) | null {
  const isBare = words(line).every(({ key }) => key === null);
  const { start, end } = isBare ? { start: 0, end: line.length } : begun;
  const text = line.slice(start, end).trim().replace(/^-/, "");
  const fits = begun.key === null && text.length >= LEAST_NAME && text.length <= MOST_NAME && !/[":]/.test(text);
  return fits ? { start, end, text } : null;
}

/** Keys by label and name, presets, people of that name, and the line as text. `used`: how often the reader has used each
 * key.
 */
export function beginnings(line: string, begun: Begun, used: ReadonlyMap<FilterKey, number>, people: readonly Value[]): Options[] {
  const wanted = begun.text.toLowerCase();
  const keys = FILTER_KEYS.filter((key) => key !== "q" && begins(`${LABELS[key]} ${key}`, wanted));
  const ordered = [...keys].sort((a, b) => (used.get(b) ?? 0) - (used.get(a) ?? 0));
  const usual = begun.not ? [] : presets().filter(({ name }) => begins(name, line.trim().toLowerCase()));
  const text = line.trim();
  const questions = { name: "Usual questions", options: usual.map((preset) => ({ kind: "preset", label: preset.name, preset }) as const) };
  const filters = { name: "Filters", options: ordered.map((key) => keyOption(key, begun.not)) };
  const at = nameAt(line, begun);
  const actors = at ? people.map((one) => valueOption({ ...begun, key: "actor" }, one, at)) : [];
  return [
    // Before anything is typed, a whole question is the shortest way.
    ...(text ? [filters, questions] : [questions, filters]),
    { name: begun.not ? "Not by" : "By", options: actors },
    { name: "Text", options: text ? [{ kind: "text", label: `Search text ‘${text}’`, text } as const] : [] },
  ].filter(({ options }) => options.length);
}

export function valueOptions(begun: Begun & { readonly key: FilterKey }, offer: Offer): Options[] {
  const options = offer.values.slice(0, MOST_VALUES).map((value) => valueOption(begun, value, begun));
  return options.length ? [{ name: offer.from === null ? LABELS[begun.key] : `${LABELS[begun.key]}, ${offer.from}`, options }] : [];
}

function keyOption(key: FilterKey, not: boolean): Option {
  return { kind: "key", label: `${not ? "not " : ""}${LABELS[key]}`, hint: HINTS[key] ?? "", insert: `${not ? "-" : ""}${key}:` };
}

/** What the line becomes where a reader has begun a value that can only be this one; null where it may be another. Of
 * what is loaded, the reader may mean a value that is not. */
export function completed(line: string, begun: Begun, offer: Offer): string | null {
  const { key, text } = begun;
  const [value, ...others] = offer.values;
  if (key === null || text === "" || value === undefined || others.length || !beginsSo(value, text)) return null;
  if (offer.from !== null && !(key === "target" && !text.includes(":"))) return null;
  if (line.slice(begun.start, begun.end).includes('"')) return null;
  return `${line.slice(0, begun.start)}${formatFilter({ key, not: begun.not, values: [value.value] })}${line.slice(begun.end)}`;
}

function valueOption(
  { key, not }: { readonly key: FilterKey; readonly not: boolean },
  { value, hint, count }: Value,
  { start, end }: Part,
): Option {
  return { kind: "value", label: value, hint: hint ?? "", count, insert: formatFilter({ key, not, values: [value] }), at: { start, end } };
}

function begins(text: string, wanted: string): boolean {
  return wanted === "" || text.toLowerCase().startsWith(wanted) || text.toLowerCase().split(/[\s_]+/).some((word) => word.startsWith(wanted));
}
