import { useEffect, useState } from "preact/hooks";

import { Problem } from "../api.ts";
import { instant } from "../instants.ts";
import { Person } from "../parts/person.tsx";
import { clock, day, offset, zone } from "../zone.ts";
import { type Attribution, attribution } from "./asks.ts";
import { keyOf } from "./lanes.ts";
import type { Target } from "./target.ts";
import { said } from "./timeline.tsx";

interface Answered {
  readonly answer: Attribution | null;
  readonly problem: string | null;
}

/** Who had the thing open at a moment: asked whenever the moment changes. */
export function useAttribution(target: Target, at: string | null): Answered {
  const [found, setFound] = useState<Answered>({ answer: null, problem: null });
  useEffect(() => {
    setFound({ answer: null, problem: null });
    if (at === null) return undefined;
    const abort = new AbortController();
    attribution(target, at, abort.signal)
      .then((answer) => setFound({ answer, problem: null }))
      .catch((error: unknown) => {
        if (error instanceof Problem) setFound({ answer: null, problem: error.detail });
      });
    return () => abort.abort();
  }, [target.text, at]);
  return found;
}

interface Props extends Answered {
  readonly at: string | null;
  readonly onAsk: (at: number) => void;
}

/** A change that names nobody: who could have made it, by who had the thing open. */
export function WhoCouldHave({ at, answer, problem, onAsk }: Props) {
  const [wrong, setWrong] = useState(false);
  const ms = at === null ? null : Date.parse(at);
  return (
    <section aria-labelledby="who-could">
      <h2 id="who-could">Who could have done this?</h2>
      <form
        class="who-form"
        onSubmit={(event) => {
          event.preventDefault();
          const text = new FormData(event.currentTarget).get("at");
          const moment = instant(String(text), zone.value);
          setWrong(moment === null);
          if (moment !== null) onAsk(moment);
        }}
      >
        <label>
          At{" "}
          <input
            key={at}
            type="datetime-local"
            step="1"
            name="at"
            value={ms === null ? "" : `${day(ms, zone.value)}T${clock(ms, zone.value)}`}
          />
        </label>{" "}
        <span class="soft">{offset(ms ?? Date.now(), zone.value)}</span>
        <button type="submit" class="button">
          Ask
        </button>
        {at === null && <span class="soft">or click a moment or an event in the picture</span>}
        {wrong && <span class="error">Give a date and a time.</span>}
      </form>
      <div aria-live="polite">
        {problem !== null && <p class="error">{problem}</p>}
        {at !== null && !answer && problem === null && <p class="soft">Reading…</p>}
        {answer && <Answer answer={answer} />}
      </div>
    </section>
  );
}

function Answer({ answer }: { answer: Attribution }) {
  return (
    <>
      <p class="basis">
        <bdi>{answer.basis.replace(`open at ${answer.at}`, `open at ${said(Date.parse(answer.at))}`)}</bdi>
      </p>
      {answer.conclusion && (
        <p class="conclusion">
          Concluded from that: <Person actor={answer.conclusion} />
        </p>
      )}
      {answer.candidates.length > 0 && (
        <ul class="candidates">
          {answer.candidates.map((one) => (
            <li key={`${keyOf(one.actor)} ${one.opened_at}`}>
              <Person actor={one.actor} />{" "}
              <span class="soft">
                had it open from {said(Date.parse(one.opened_at))}{" "}
                {one.closed_at === null ? "on, and has not closed it" : `to ${said(Date.parse(one.closed_at))}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
