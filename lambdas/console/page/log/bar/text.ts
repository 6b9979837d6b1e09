/** A question as one line of text: `actor:mike.mars -status:failure range:7d login`. Reading it gives the question back. */

import { type Filter, type Question, type Span, isFilterKey, joined } from "../../query.ts";

/** A word of the line, and where it stands. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** What precedes the colon of a known key: `actor`, `-actor`, `actor!`, `from`; null: text. */
  readonly key: string | null;
  readonly not: boolean;
  readonly value: string;
  readonly quoted: boolean;
}

export interface Parsed {
  readonly filters: readonly Filter[];
  readonly span: Span;
}

const KEYED = /^(-?)([a-z_]+)(!?):/;
const SPAN_KEYS = ["range", "from", "to"] as const;
type SpanKey = (typeof SPAN_KEYS)[number];

/** Only known keys are keys, and only with a value right behind the colon: `note: call back` is text. */
export function words(line: string): Word[] {
  const found: Word[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line.charAt(at))) {
      at++;
      continue;
    }
    const word = wordAt(line, at);
    found.push(word);
    at = word.end;
  }
  return found;
}

function wordAt(line: string, start: number): Word {
  const keyed = keyAt(line.slice(start, start + 40));
  const behind = start + (keyed?.length ?? 0);
  const value = line.charAt(behind) === '"' ? quotedAt(line, behind) : bareAt(line, behind);
  const isKey = keyed !== null && fits(keyed.key, value);
  if (isKey) return { start, ...value, key: keyed.key, not: keyed.not };
  return { start, ...(keyed ? bareAt(line, start) : value), key: null, not: false };
}

function keyAt(text: string): { key: string; not: boolean; length: number } | null {
  const match = KEYED.exec(text);
  if (!match) return null;
  const [all, minus, key = "", mark] = match;
  const not = minus === "-" || mark === "!";
  if (!(isFilterKey(key) && !(not && key === "q")) && !(isSpanKey(key) && !not)) return null;
  return { key, not, length: all.length };
}

function isSpanKey(name: string): name is SpanKey {
  return (SPAN_KEYS as readonly string[]).includes(name);
}

/** A time begins with a digit, so that `from:bob` is text; in quotes it is what the address has, whatever it is. */
function fits(key: string, { value, quoted }: Pick<Word, "value" | "quoted">): boolean {
  if (quoted) return true;
  return value !== "" && (!isSpanKey(key) || /^\d/.test(value));
}

function bareAt(line: string, from: number): Pick<Word, "end" | "value" | "quoted"> {
  let end = from;
  while (end < line.length && !/\s/.test(line.charAt(end))) end++;
  return { end, value: line.slice(from, end), quoted: false };
}

/** From the quote at `from` to its end, or to the line's where it is not closed (yet). A backslash keeps what follows. */
function quotedAt(line: string, from: number): Pick<Word, "end" | "value" | "quoted"> {
  let value = "";
  for (let at = from + 1; at < line.length; at++) {
    const sign = line.charAt(at);
    if (sign === '"') return { end: at + 1, value, quoted: true };
    if (sign === "\\" && at + 1 < line.length) at++;
    value += line.charAt(at);
  }
  return { end: line.length, value, quoted: true };
}

/** Words without a key are one text, joined by blanks. */
export function parse(line: string): Parsed {
  const filters: Filter[] = [];
  const span: { -readonly [key in SpanKey]?: string } = {};
  const text: string[] = [];
  let place = -1;
  for (const word of words(line)) {
    if (word.key === null) {
      if (!text.length) place = filters.push({ key: "q", not: false, values: [] }) - 1;
      text.push(word.value);
    } else if (isSpanKey(word.key)) span[word.key] = word.value;
    else if (isFilterKey(word.key)) filters.push({ key: word.key, not: word.not, values: [word.value] });
  }
  if (text.length) filters[place] = { key: "q", not: false, values: [text.join(" ")] };
  return { filters: joined(filters), span };
}

export function format(question: Pick<Question, "filters" | "span">): string {
  const said = question.filters.flatMap((filter) => filter.values.map((value) => formatted(filter, value)));
  for (const key of SPAN_KEYS) {
    const value = question.span[key];
    if (value !== undefined) said.push(`${key}:${/^\d/.test(value) ? bareOrQuoted(value) : quoted(value)}`);
  }
  return said.join(" ");
}

/** One filter's part of the line. */
export function formatFilter(filter: Filter): string {
  return format({ filters: [filter], span: {} });
}

function formatted(filter: Filter, value: string): string {
  if (filter.key === "q") return filter.values.length === 1 ? freeText(value) : `q:${bareOrQuoted(value)}`;
  return `${filter.not ? "-" : ""}${filter.key}:${bareOrQuoted(value)}`;
}

/** Text needs no quotes where its words, read alone, are the same text. */
function freeText(value: string): string {
  const alone = words(value);
  const plain = alone.length > 0 && alone.every((word) => word.key === null && !word.quoted);
  return plain && alone.map((word) => word.value).join(" ") === value ? value : quoted(value);
}

function bareOrQuoted(value: string): string {
  return value === "" || value.startsWith('"') || /\s/.test(value) ? quoted(value) : value;
}

export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
