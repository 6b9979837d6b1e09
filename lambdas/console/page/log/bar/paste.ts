/** What a pasted text means: an address of the console or of the API, a query, a list of values, or just text. */

import { type Filter, type Question, isFilterKey, named, read, unknown } from "../../query.ts";
import { parse, words } from "./text.ts";

export type Pasted =
  | {
      /** In place of the present question. */
      readonly kind: "address";
      readonly question: Question;
      readonly environment: string | null;
      readonly unknown: readonly [string, string][];
    }
  /** Beside the present filters. */
  | { readonly kind: "filters"; readonly filters: readonly Filter[]; readonly span: Question["span"] }
  /** Goes into the field as it is. */
  | { readonly kind: "text" };

/** Of the API's parameters, what is of the call alone. */
const OF_THE_CALL = new Set(["environment", "limit", "cursor", "with"]);
const ADDRESS = /(?:^|[\s'"])((?:https?:\/\/\S*?|\/\S*?)?(?:#\/log|\/v1\/events)\?[^\s'"]*)(?:['"\s]|$)/;

/** `before` is what stands in the field to the left of what is pasted. */
export function pasted(text: string, before: string): Pasted {
  return address(text) ?? list(text, before) ?? query(text, before);
}

function address(text: string): Pasted | null {
  const found = ADDRESS.exec(text.trim())?.[1];
  if (found === undefined) return null;
  const parameters = new URLSearchParams(found.split("?").slice(1).join("?"));
  const environment = parameters.get("environment") ?? parameters.get("env");
  for (const name of OF_THE_CALL) parameters.delete(name);
  return { kind: "address", question: read(parameters), environment, unknown: unknown(parameters) };
}

/** Behind `actor:`, each line (or cell of a spreadsheet) is a value. */
function list(text: string, before: string): Pasted | null {
  const [all, minus, name = "", mark] = /(?:^|\s)(-?)([a-z_]+)(!?):$/.exec(before) ?? [];
  const values = text.split(/[\r\n\t]+/).map((value) => value.trim());
  const filter = named(`${name}${minus || mark ? "!" : ""}`);
  if (all === undefined || !filter || !isFilterKey(name) || values.length < 2) return null;
  const head = parse(before.slice(0, before.length - all.length));
  return { kind: "filters", span: head.span, filters: [...head.filters, { ...filter, values: values.filter(Boolean) }] };
}

function query(text: string, before: string): Pasted {
  if (/\S$/.test(before) || !words(text).some((word) => word.key !== null)) return { kind: "text" };
  return { kind: "filters", ...parse(`${before}${text}`) };
}
