import { useEffect, useState } from "preact/hooks";

import { Problem } from "../api.ts";
import { catalogue } from "../catalogue.ts";
import { Drawer } from "../log/drawer/drawer.tsx";
import { Person } from "../parts/person.tsx";
import { useTitle } from "../parts/title.ts";
import { go, href, place } from "../route.ts";
import { type Story, story } from "./asks.ts";
import { type Stretch, keyOf, lanesOf } from "./lanes.ts";
import { StoryLog, useRows } from "./log.tsx";
import { Sessions, Sums } from "./sums.tsx";
import type { Target } from "./target.ts";
import { Timeline, said, sessionKey } from "./timeline.tsx";
import { WhoCouldHave, useAttribution } from "./who.tsx";

/** A thing's story: who had it open and for how long, what happened to it, and who could have done what names nobody. */
export function Thing({ target }: { target: Target }) {
  const [found, problem] = useStory(target);
  const [zoom, setZoom] = useState<Stretch | null>(null);
  const at = place.value.query.get("at");
  const attributed = useAttribution(target, at);
  const list = useRows({ key: "target", not: false, values: [target.text] });
  useTitle(() => `Story of ${target.type} ${target.id}`);

  const candidates = attributed.answer?.candidates ?? null;
  const lanes = found ? lanesOf(found.opened, found.events, Date.now()) : [];
  return (
    <div class="story">
      <div class="story-main">
        <h1>
          <bdi>{target.type}</bdi> <bdi>{target.id}</bdi>
        </h1>
        {problem !== null && <p class="error">{problem}</p>}
        {!found && problem === null && <p class="soft" role="status">Reading…</p>}
        {found && (
          <>
            <Facts story={found} />
            {(lanes.length > 0 || found.events.length > 0) && (
              <Timeline
                lanes={lanes}
                events={found.events}
                categories={catalogue.value?.categories.map(String) ?? []}
                target={target.text}
                at={at === null ? null : Date.parse(at)}
                candidates={candidates && new Set(candidates.map((one) => sessionKey(keyOf(one.actor), one.opened_at)))}
                zoom={zoom}
                onZoom={setZoom}
                onPick={pick}
              />
            )}
            {found.more && (
              <p class="soft">The picture shows the newest {found.events.length.toLocaleString("en")} events.</p>
            )}
            {lanes.length > 0 && <Sessions lanes={lanes} target={target.text} onZoom={setZoom} />}
            {found.times === null && <p class="soft">Too many events to add up the time that people had it open.</p>}
            {found.times && found.times.sessions.length > 0 && (
              <section aria-labelledby="time-spent">
                <h2 id="time-spent">Time spent</h2>
                <Sums times={found.times} />
              </section>
            )}
            {found.events.length > 0 && <WhoCouldHave at={at} {...attributed} onAsk={(moment) => pick(moment, null)} />}
          </>
        )}
        <h2>Events</h2>
        <StoryLog list={list} />
      </div>
      <Drawer list={list} />
    </div>
  );
}

/** The moment that is asked about stands in the address. */
function pick(at: number, event: string | null): void {
  const query = new URLSearchParams(place.value.query);
  query.set("at", new Date(at).toISOString());
  if (event !== null) query.set("event", event);
  go(href("story", place.value.parts, query));
}

function useStory(target: Target): [Story | null, string | null] {
  const [found, setFound] = useState<Story | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    story(target, abort.signal)
      .then(setFound)
      .catch((error: unknown) => {
        if (error instanceof Problem) setProblem(error.detail);
      });
    return () => abort.abort();
  }, [target.text]);
  return [found, problem];
}

function Facts({ story: { summary, events, within } }: { story: Story }) {
  const named = events.find(({ target }) => target && `${target.type}:${target.id}` === summary.target && target.name !== null);
  if (summary.last_updated === null) return <p>No event in this log is about it.</p>;
  return (
    <dl class="facts">
      {named?.target?.name && (
        <>
          <dt>Name</dt>
          <dd>
            <bdi>{named.target.name.slice(0, 300)}</bdi>
          </dd>
        </>
      )}
      <dt>Touched</dt>
      <dd>
        {said(Date.parse(summary.last_updated))}
        {summary.last_actor && (
          <>
            {" "}
            by <Person actor={summary.last_actor} />
          </>
        )}
      </dd>
      <dt>Events</dt>
      <dd>{summary.events === null ? "too many to count at once" : summary.events.toLocaleString("en")}</dd>
      {within.length > 0 && (
        <>
          <dt>Within</dt>
          <dd>
            {within.map((each, at) => (
              <span key={each}>
                {at > 0 && ", "}
                <a href={href("story", [each])}>
                  <bdi>{each.replace(":", " ")}</bdi>
                </a>
              </span>
            ))}
          </dd>
        </>
      )}
    </dl>
  );
}
