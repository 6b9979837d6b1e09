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
  readonly filters: readonly Filter[];
  readonly span: Span;
  /** `-occurred_at` where the address has none. */
  readonly sort: string;
  /** A profile's name or `native`; null: the tenant's own view. */
  readonly view: string | null;
}

export const NEWEST_FIRST = "-occurred_at";
/** Parameters of a log's address that are no part of the question. */
const OF_THE_PAGE = new Set(["tenant", "env", "event", "tz", "cols", "live"]);
const KEYS: ReadonlySet<string> = new Set(FILTER_KEYS);
const OF_THE_QUESTION = new Set(["range", "from", "to", "sort", "view"]);

export function isFilterKey(name: string): name is FilterKey {
  return KEYS.has(name);
}

export function read(query: URLSearchParams): Question {
  const filters: Filter[] = [];
  for (const [name, value] of query) {
    const not = name.endsWith("!");
    const key = not ? name.slice(0, -1) : name;
    if (isFilterKey(key)) add(filters, key, not && key !== "q", value);
  }
  const span: { range?: string; from?: string; to?: string } = {};
  for (const name of ["range", "from", "to"] as const) {
    const value = query.get(name);
    if (value !== null) span[name] = value;
  }
  return { filters, span, sort: query.get("sort") ?? NEWEST_FIRST, view: query.get("view") };
}

/** Adds a value to the filter that has the key already, or a new filter. */
function add(filters: Filter[], key: FilterKey, not: boolean, value: string): void {
  const at = filters.findIndex((filter) => filter.key === key && filter.not === not);
  const filter = filters[at];
  if (!filter) filters.push({ key, not, values: [value] });
  else if (!filter.values.includes(value)) filters[at] = { ...filter, values: [...filter.values, value] };
}

/** The question as parameters of a call, and of an address. `read(write(q))` is q. */
export function write(question: Question): URLSearchParams {
  const query = new URLSearchParams();
  for (const filter of question.filters) {
    for (const value of filter.values) query.append(filter.not ? `${filter.key}!` : filter.key, value);
  }
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
  return [...query].filter(
    ([name]) => !isFilterKey(name.replace(/!$/, "")) && !OF_THE_QUESTION.has(name) && !OF_THE_PAGE.has(name),
  );
}

/** The parameters of `query` with the question replaced and everything of the page kept but the open event. */
export function replaced(query: URLSearchParams, question: Question): URLSearchParams {
  const next = write(question);
  for (const [name, value] of query) {
    if ((OF_THE_PAGE.has(name) && name !== "event") || unknown(new URLSearchParams([[name, value]])).length) next.append(name, value);
  }
  return next;
}

export function withFilter(question: Question, key: FilterKey, value: string, not: boolean): Question {
  const filters = question.filters.filter((filter) => filter.key !== key || (not ? !filter.not : false));
  const same = question.filters.find((filter) => filter.key === key && filter.not === not);
  const values = not && same ? [...new Set([...same.values, value])] : [value];
  return { ...question, filters: [...filters, { key, not, values }] };
}

export function withoutFilter(question: Question, gone: Filter): Question {
  return { ...question, filters: question.filters.filter((filter) => filter.key !== gone.key || filter.not !== gone.not) };
}
