import { useState } from "preact/hooks";

import { type Answer, Problem, get } from "../../api.ts";
import { clock, shortDay, zone } from "../../zone.ts";
import type { NativeEvent } from "../list.ts";
import { openEvent } from "../open.ts";

const MOST_PARENTS = 10;
const DAY_MS = 86_400_000;

/** Why it happened, up to ten steps, and what it led to within a day. Both are read when the section is opened. */
export function Causes({ event }: { event: NativeEvent }) {
  const [chain, setChain] = useState<Chain | null>(null);
  return (
    <section>
      <details onToggle={(toggle) => toggle.currentTarget.open && !chain && void read(event, setChain)}>
        <summary>{event.caused_by === null ? "Led to" : "Because of · led to"}</summary>
        {chain ? <Tree event={event} chain={chain} more={() => void further(event, chain, setChain)} /> : <p>Reading…</p>}
      </details>
    </section>
  );
}

interface Chain {
  /** From the first cause to the nearest. */
  readonly parents: readonly NativeEvent[];
  readonly effects: readonly NativeEvent[];
  /** Milliseconds: how far consequences were searched. */
  readonly until: number;
  readonly note: string | null;
}

type Show = (chain: Chain) => void;

async function read(event: NativeEvent, show: Show): Promise<void> {
  const parents: NativeEvent[] = [];
  let note: string | null = null;
  try {
    for (let id = event.caused_by; id !== null && parents.length < MOST_PARENTS; id = parents[0]?.caused_by ?? null) {
      parents.unshift(await get<NativeEvent>(`events/${id}`, { once: true }));
    }
  } catch (error) {
    note = error instanceof Problem ? "The cause is not in this log, or no longer." : "The cause could not be read.";
  }
  const until = Date.parse(event.occurred_at) + DAY_MS;
  show({ parents, effects: await effects(event, Date.parse(event.occurred_at), until), until, note });
}

async function further(event: NativeEvent, chain: Chain, show: Show): Promise<void> {
  const until = chain.until + 30 * DAY_MS;
  show({ ...chain, effects: [...chain.effects, ...(await effects(event, chain.until, until))], until });
}

async function effects(event: NativeEvent, from: number, to: number): Promise<NativeEvent[]> {
  const query = {
    caused_by: event.id,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    sort: "occurred_at",
  };
  const page = await get<Answer<"search_events">>("events", { query });
  return page.events as NativeEvent[];
}

function Tree({ event, chain, more }: { event: NativeEvent; chain: Chain; more: () => void }) {
  return (
    <>
      {chain.note !== null && <p class="soft">{chain.note}</p>}
      <ul class="chain">
        {chain.parents.map((parent) => (
          <Step key={parent.id} event={parent} />
        ))}
        <li aria-current="true">
          <strong>this event</strong>
        </li>
        {chain.effects.map((effect) => (
          <Step key={effect.id} event={effect} />
        ))}
      </ul>
      {chain.effects.length === 0 && (
        <p class="soft">
          Nothing names this event as its cause until {shortDay(chain.until, zone.value)} {clock(chain.until, zone.value)}.
        </p>
      )}
      {chain.until < Date.now() && event.id && (
        <button type="button" class="link" onClick={more}>
          Search 30 days further
        </button>
      )}
    </>
  );
}

function Step({ event }: { event: NativeEvent }) {
  const at = Date.parse(event.occurred_at);
  return (
    <li>
      <button type="button" class="value" onClick={() => openEvent(event.id)}>
        <span class="soft">
          {shortDay(at, zone.value)} {clock(at, zone.value)}
        </span>{" "}
        <bdi>{(event.details ?? event.event).slice(0, 300)}</bdi>
      </button>
    </li>
  );
}
