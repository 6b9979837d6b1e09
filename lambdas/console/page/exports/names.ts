/** What the people of a question are called now, for filters that name them by their GUIDs. */

import { useEffect } from "preact/hooks";

import { called, learn } from "../log/bar/people.ts";
import { type Filter, type FilterKey, type Question } from "../query.ts";
import { peopleCalled } from "../story/people.ts";
import { isGuid } from "../parts/guid.ts";

const OF_PEOPLE: ReadonlySet<FilterKey> = new Set(["actor", "impersonator", "target", "credential"]);
const USER = "user:";
/** Each person is a call. Further ones keep the name that the page has seen. */
const MOST_PEOPLE = 20;

/** A value's words, with the latest names once they are read. */
export function useNames(question: Question): (value: string) => string {
  const guids = guidsIn(question.filters);
  useEffect(() => {
    const abort = new AbortController();
    Promise.all(guids.map((guid) => peopleCalled(guid, abort.signal))).then(
      (found) => learn(found.flat()),
      () => undefined, // the page goes on with what it has seen
    );
    return () => abort.abort();
  }, [guids.join()]);
  return (value) => (value.startsWith(USER) ? `${USER}${called(value.slice(USER.length))}` : called(value));
}

function guidsIn(filters: readonly Filter[]): string[] {
  const values = filters.filter(({ key }) => OF_PEOPLE.has(key)).flatMap((filter) => filter.values);
  const bare = values.map((value) => (value.startsWith(USER) ? value.slice(USER.length) : value));
  return [...new Set(bare.filter(isGuid))].slice(0, MOST_PEOPLE);
}
