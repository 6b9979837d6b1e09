/** The question that a log's address asks. Names are the API's own, so a link and a call differ in what precedes `?`. */

/** The filters that the API takes, in the order in which the bar offers them. */
export const FILTER_KEYS = [
  "actor",
  "activity",
  "category",
  "status",
  "target",
  "ip",
  "component",
  "variant",
  "group",
  "actor_type",
  "user_type",
  "impersonator",
  "origin",
  "source_type",
  "session_id",
  "request_id",
  "caused_by",
  "credential",
  "q",
] as const;
export type FilterKey = (typeof FILTER_KEYS)[number];

export interface Filter {
  readonly key: FilterKey;
  readonly not: boolean;
  /** Values of one filter mean or. */
  readonly values: readonly string[];
}

/** `range` is `7d`, `30d`, `12m`; else `from` (inclusive) and `to` (exclusive), each as it stands in the address. */
export interface Span {
  readonly range?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface Question {
  /** One filter for each key and sign, in the order of the address. */
  readonly filters: readonly Filter[];
  readonly span: Span;
  /** `-occurred_at` where the address has none. */
  readonly sort: string;
  /** A profile's name or `native`; null: the tenant's own view. */
  readonly view: string | null;
}

export const NEWEST_FIRST = "-occurred_at";
/** How many values of filters a read takes. */
export const MAX_VALUES = 100;

/** Parameters of a log's address that are no part of the question. */
const OF_THE_PAGE = new Set(["tenant", "env", "event", "tz", "cols", "live"]);
const KEYS: ReadonlySet<string> = new Set(FILTER_KEYS);
const OF_THE_QUESTION = new Set(["range", "from", "to", "sort", "view"]);

export function isFilterKey(name: string): name is FilterKey {
  return KEYS.has(name);
}

/** The filter that a parameter's name means; null for any other parameter. Text cannot be negated. */
export function named(name: string): { key: FilterKey; not: boolean } | null {
  const not = name.endsWith("!");
  const key = not ? name.slice(0, -1) : name;
  return isFilterKey(key) && !(not && key === "q") ? { key, not } : null;
}

export function read(query: URLSearchParams): Question {
  const filters: Filter[] = [];
  for (const [name, value] of query) {
    const filter = named(name);
    if (filter) filters.push({ ...filter, values: [value] });
  }
  const span: { range?: string; from?: string; to?: string } = {};
  for (const name of ["range", "from", "to"] as const) {
    const value = query.get(name);
    if (value !== null) span[name] = value;
  }
  return { filters: joined(filters), span, sort: query.get("sort") ?? NEWEST_FIRST, view: query.get("view") };
}

/** Filters of one key and sign become one, at the place of the first, with each value once. */
export function joined(filters: readonly Filter[]): Filter[] {
  const found = new Map<string, { key: FilterKey; not: boolean; values: Set<string> }>();
  for (const { key, not, values } of filters) {
    const name = nameOf({ key, not });
    const one = found.get(name) ?? { key, not, values: new Set<string>() };
    for (const value of values) one.values.add(value);
    if (one.values.size) found.set(name, one);
  }
  return [...found.values()].map(({ key, not, values }) => ({ key, not, values: [...values] }));
}

/** The parameter's name: `actor`, `actor!`. */
export function nameOf(filter: { readonly key: FilterKey; readonly not: boolean }): string {
  return filter.not ? `${filter.key}!` : filter.key;
}

/** The question as parameters of a call, and of an address. `read(write(q))` is q. */
export function write(question: Question): URLSearchParams {
  const query = new URLSearchParams();
  for (const filter of question.filters) for (const value of filter.values) query.append(nameOf(filter), value);
  for (const name of ["range", "from", "to"] as const) {
    const value = question.span[name];
    if (value !== undefined) query.set(name, value);
  }
  if (question.sort !== NEWEST_FIRST) query.set("sort", question.sort);
  if (question.view !== null) query.set("view", question.view);
  return query;
}

/** The address's parameters that neither the page nor the API knows: shown as a warning, never dropped. */
export function unknown(query: URLSearchParams): [string, string][] {
  return [...query].filter(([name]) => !named(name) && !OF_THE_QUESTION.has(name) && !OF_THE_PAGE.has(name));
}

/** The parameters of `query` with the question replaced and everything of the page kept but the open event. */
export function replaced(query: URLSearchParams, question: Question): URLSearchParams {
  const next = write(question);
  for (const [name, value] of query) if (OF_THE_PAGE.has(name) && name !== "event") next.append(name, value);
  for (const [name, value] of unknown(query)) next.append(name, value);
  return next;
}

/** With further filters, as far as a read takes their values. `left` values were not taken. */
export function withAlso(question: Question, more: readonly Filter[]): { question: Question; left: number } {
  const wanted = joined([...question.filters, ...more]);
  let room = MAX_VALUES;
  let left = 0;
  const filters: Filter[] = [];
  for (const filter of wanted) {
    const values = filter.values.slice(0, room);
    room -= values.length;
    left += filter.values.length - values.length;
    if (values.length) filters.push({ ...filter, values });
  }
  return { question: { ...question, filters }, left };
}

/** Only this value, or without this one too. */
export function withFilter(question: Question, key: FilterKey, value: string, not: boolean): Question {
  if (not) return withAlso(question, [{ key, not, values: [value] }]).question;
  const others = question.filters.filter((filter) => filter.key !== key);
  return { ...question, filters: [...others, { key, not, values: [value] }] };
}

export function withoutFilter(question: Question, gone: Filter): Question {
  return { ...question, filters: question.filters.filter((filter) => !same(filter, gone)) };
}

export function withoutValue(question: Question, filter: Filter, value: string): Question {
  return changed(question, filter, [{ ...filter, values: filter.values.filter((one) => one !== value) }]);
}

/** The question with others in the place of one filter. */
export function changed(question: Question, filter: Filter, others: readonly Filter[]): Question {
  return { ...question, filters: joined(question.filters.flatMap((one) => (same(one, filter) ? others : [one]))) };
}

/** `is` becomes `is not`, and the other way round. Text stays as it is. */
export function toggled(question: Question, filter: Filter): Question {
  return filter.key === "q" ? question : changed(question, filter, [{ ...filter, not: !filter.not }]);
}

export function same(one: Filter, other: Filter): boolean {
  return one.key === other.key && one.not === other.not;
}
