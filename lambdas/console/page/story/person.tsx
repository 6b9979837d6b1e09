import { useEffect, useState } from "preact/hooks";

import { Problem } from "../api.ts";
import { Drawer } from "../log/drawer/drawer.tsx";
import { hrefOf } from "../log/refine.ts";
import { isGuid, shortGuid } from "../parts/guid.ts";
import { useTitle } from "../parts/title.ts";
import { go, href, place } from "../route.ts";
import { may } from "../session.ts";
import { ForgetDialog } from "./forget.tsx";
import { StoryLog, asking, useRows } from "./log.tsx";
import { type Groups, type NamedActor, groupsOf, peopleCalled } from "./people.ts";
import type { Target } from "./target.ts";

/** A person's story: what they did, what was done to them, and where they are written down. */
export function PersonStory({ target }: { target: Target }) {
  const [people, problem, again] = usePeople(target.id);
  const isDone = place.value.query.get("side") === "done";
  const list = useRows({
    key: isDone ? "target" : "actor",
    not: false,
    values: [isDone ? `user:${target.id}` : target.id],
  });
  const [only] = people?.length === 1 ? people : [];
  useTitle(() => `Story of ${only ? (only.name ?? only.username) : target.id}`);
  return (
    <div class="story">
      <div class="story-main">
        <h1>
          <bdi>{only ? (only.name ?? (only.forgotten ? shortGuid(only.id) : only.username)) : isGuid(target.id) ? shortGuid(target.id) : target.id}</bdi>
          {only?.forgotten && <> <span class="mark">forgotten</span></>}
        </h1>
        {problem !== null && <p class="error">{problem}</p>}
        {people?.length === 0 && (
          <p class="soft">Nobody of this name is written down. They may be known by an id alone, or be forgotten.</p>
        )}
        {people && people.length > 1 && <Several people={people} />}
        {only && <Known person={only} onForgotten={again} />}
        <div class="sides" role="group" aria-label="Which events">
          <Side label="What they did" pressed={!isDone} side={null} />
          <Side label="What was done to them" pressed={isDone} side="done" />
        </div>
        <StoryLog list={list} />
      </div>
      <Drawer list={list} />
    </div>
  );
}

function Side({ label, pressed, side }: { label: string; pressed: boolean; side: string | null }) {
  return (
    <button
      type="button"
      class="button"
      aria-pressed={pressed}
      onClick={() => go(href("story", place.value.parts, new URLSearchParams(side === null ? [] : [["side", side]])))}
    >
      {label}
    </button>
  );
}

function Several({ people }: { people: readonly NamedActor[] }) {
  return (
    <>
      <p>{people.length} people have had this name. The events below are everybody&apos;s.</p>
      <ul>
        {people.map((person) => (
          <li key={person.id}>
            <a href={href("story", [`user:${person.id}`])}>
              <bdi>{person.name ?? person.username}</bdi>
            </a>{" "}
            <span class="soft">{person.id}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Known({ person, onForgotten }: { person: NamedActor; onForgotten: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <>
      <dl class="facts">
        {!person.forgotten && (
          <>
            <dt>Username</dt>
            <dd>
              <bdi>{person.username}</bdi>
            </dd>
          </>
        )}
        <dt>Id</dt>
        <dd class="mono">{person.id}</dd>
        {person.forgotten ? (
          <>
            <dt>State</dt>
            <dd>
              Forgotten: names, address and agent are erased for good. <a href={receipt(person.id)}>The record of it</a>. Proofs
              of the events still hold.
            </dd>
          </>
        ) : (
          <MemberOf person={person} />
        )}
      </dl>
      {may("operations") && !person.forgotten && (
        <button type="button" class="button danger" onClick={() => setAsked(true)}>
          Forget this person…
        </button>
      )}
      {asked && (
        <ForgetDialog
          person={person}
          onClose={() => setAsked(false)}
          onForgotten={() => {
            go(href("story", [`user:${person.id}`]), "replace");
            onForgotten();
          }}
        />
      )}
    </>
  );
}

export function receipt(id: string): string {
  const filters = [{ key: "activity", not: false, values: ["audit-log.person-forgotten"] }, { key: "q", not: false, values: [id] }] as const;
  return hrefOf(asking(filters));
}

function MemberOf({ person }: { person: NamedActor }) {
  const [groups, setGroups] = useState<Groups | "reading" | null>(null);
  return (
    <>
      <dt>Groups</dt>
      <dd aria-live="polite">
        {groups === null && (
          <button
            type="button"
            class="link"
            onClick={() => {
              setGroups("reading");
              groupsOf(person, new AbortController().signal).then(setGroups, () => setGroups(null));
            }}
          >
            Look through the groups
          </button>
        )}
        {groups === "reading" && <span class="soft">Reading…</span>}
        {groups !== null && groups !== "reading" && (
          <>
            <bdi>{groups.names.join(", ") || "none"}</bdi>
            {groups.looked < groups.all && (
              <span class="soft">
                {" "}
                of the first {groups.looked} of {groups.all}
              </span>
            )}
          </>
        )}
      </dd>
    </>
  );
}

function usePeople(text: string): [readonly NamedActor[] | null, string | null, () => void] {
  const [people, setPeople] = useState<readonly NamedActor[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    peopleCalled(text, abort.signal)
      .then(setPeople)
      .catch((error: unknown) => {
        if (error instanceof Problem) setProblem(error.detail);
      });
    return () => abort.abort();
  }, [text, turn]);
  return [people, problem, () => setTurn(turn + 1)];
}
