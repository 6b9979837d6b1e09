import { useEffect, useState } from "preact/hooks";

import { type Question, withoutFilter } from "../../query.ts";
import { filterInWords, spanInWords } from "../bar/words.ts";
import { zone } from "../../zone.ts";
import { type Count, canCount, count, inWords } from "../counts.ts";
import { chosen } from "../home.ts";
import type { List } from "../list.ts";
import { ask } from "../refine.ts";
import { EmptyTenant } from "./empty_tenant.tsx";

/** No row: since there are no events at all, or since a filter or the range leaves none. */
export function Nothing({ list }: { list: List }) {
  const { question } = list;
  const [any, setAny] = useState<number | null>(null);
  const mayBeEmpty = chosen(question).length === 0;
  useEffect(() => {
    if (!mayBeEmpty) return undefined;
    const abort = new AbortController();
    count({ ...question, span: {} }, abort.signal)
      .then((found) => setAny(found?.number ?? 0))
      .catch(() => undefined);
    return () => abort.abort();
  }, [list]);
  if (mayBeEmpty && any === null) return null;
  return mayBeEmpty && any === 0 ? <EmptyTenant /> : <NoMatch question={question} />;
}

interface Way {
  readonly words: string;
  readonly question: Question;
  /** Null: no counter knows. */
  readonly found: Count | null;
}

/** Which filter, when it is taken away, brings rows. */
function NoMatch({ question }: { question: Question }) {
  const [ways, setWays] = useState<readonly Way[] | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const asked = waysOut(question).map(async (way) => ({ ...way, found: await count(way.question, abort.signal) }));
    Promise.all(asked)
      .then((found) => setWays(found.filter((way) => way.found?.number !== 0)))
      .catch(() => undefined);
    return () => abort.abort();
  }, [question]);
  return (
    <section class="nothing">
      <h2>Nothing matches</h2>
      {ways === null ? null : ways.length === 0 ? (
        <p>No single filter is to blame: without any one of them there is still nothing.</p>
      ) : (
        <ul>
          {ways.map(({ words, question: wider, found }) => (
            <li key={words}>
              <button type="button" class="link" onClick={() => ask(wider)}>
                <bdi>{words}</bdi>
              </button>
              {found !== null && <span class="soft">{` ${inWords(found, "event")}`}</span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The question with one thing less. */
function waysOut(question: Question): Omit<Way, "found">[] {
  const fewer = chosen(question).map((filter) => ({
    words: `Without “${filterInWords(filter)}”`,
    question: withoutFilter(question, filter),
  }));
  const isBounded = Object.keys(question.span).length > 0;
  const span = spanInWords(question.span, zone.value);
  if (isBounded) fewer.push({ words: `Search further back than “${span}”`, question: { ...question, span: {} } });
  // What counters know first: the others can't say whether they bring anything.
  return fewer.sort((one, other) => Number(canCount(other.question)) - Number(canCount(one.question)));
}
