/** What the views write of codes, values and changes. */

import type { Scalar } from "./canonical.ts";
import type { Change } from "./native.ts";

const ARROW = "\u2192";
const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const MISTAKABLE = new RegExp(`^\\(|["\\r\\n;${ARROW}]|: |^${BLANK}|${BLANK}$`);

export const status = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const code = (text: string | null): string => (text ?? "").replace(/[^\p{L}\p{N}]/gu, "").toUpperCase();

export const changesInWords = (changes: readonly Change[] | null): string => (changes ?? []).map(inWords).join("; ");

function inWords({ field, from, to }: Change): string {
  if (from === null && to === null) return `${word(field)}: changed`;
  return `${word(field)}: ${value(from)} ${ARROW} ${value(to)}`;
}

function value(given: Scalar | null): string {
  if (given === null) return "(none)";
  if (typeof given !== "string") return String(given);
  return given === "" ? "(empty)" : word(given);
}

/** In quotation marks where it begins like the view's own words, or holds what separates them. */
const word = (text: string): string => (MISTAKABLE.test(text) ? JSON.stringify(text) : text);
