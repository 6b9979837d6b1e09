import "./around.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { type Answer, Problem, get } from "../../api.ts";
import { href, place } from "../../route.ts";
import type { NativeEvent } from "../list.ts";
import { type Neighbourhood, neighbourhoods } from "./neighbourhoods.ts";

/** How many are counted; beyond it, the number has a plus. */
const MOST = 100;

/** How many events share something with this one, each number a way to them. They are counted when the section is opened:
 * each count is a search, which the log records.
 */
export function Around({ event }: { event: NativeEvent }) {
  const [open, setOpen] = useState(false);
  const around = neighbourhoods(event);
  if (around.length === 0) return null;
  return (
    <section>
      <details onToggle={(toggle) => setOpen(toggle.currentTarget.open)}>
        <summary>Around it</summary>
        {open && (
          <ul class="around">
            {around.map((one) => (
              <Near key={`${event.id} ${one.name}`} one={one} />
            ))}
          </ul>
        )}
      </details>
    </section>
  );
}

function Near({ one }: { one: Neighbourhood }) {
  const number = useNumber(one);
  const query = new URLSearchParams(one.query);
  const zone = place.value.query.get("tz");
  if (zone !== null) query.set("tz", zone);
  return (
    <li>
      <a href={href("log", [], query)}>{one.name}</a> <span class="number">{number}</span>
      <span class="soft"> {one.within}</span>
    </li>
  );
}

/** `6`, `100+`, `2 or more` where the search has not come to its end. */
function useNumber(one: Neighbourhood): string {
  const [number, setNumber] = useState("…");
  const text = one.query.toString();
  const asked = useRef("");
  useEffect(() => {
    if (asked.current === text) return undefined;
    asked.current = text;
    const abort = new AbortController();
    const query = new URLSearchParams(text);
    query.set("view", "native");
    query.set("limit", String(MOST));
    get<Answer<"search_events">>("events", { query, signal: abort.signal })
      .then(({ events, next_cursor }) => setNumber(said(events.length, next_cursor !== null)))
      .catch((error: unknown) => error instanceof Problem && setNumber(`not counted: ${error.detail}`));
    return () => abort.abort();
  }, [text]);
  return number;
}

function said(number: number, more: boolean): string {
  if (!more) return number.toLocaleString("en");
  return number === MOST ? `${MOST}+` : `${number} or more`;
}
