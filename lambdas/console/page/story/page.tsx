import "./story.css";

import { place } from "../route.ts";
import { PersonStory } from "./person.tsx";
import { reader } from "../session.ts";
import { isPerson, targetOf } from "./target.ts";
import { Thing } from "./thing.tsx";

/** `#/story/<type>:<id>?at=`: a thing's story, or a person's. */
export function StoryPage() {
  const target = targetOf(place.value.parts);
  if (!target) return <p class="story-main">A story&apos;s address names a thing, such as work-item:1234-C-A1, or a person, such as user:jane.roe.</p>;
  const key = `${reader.value}\n${target.text}`;
  return isPerson(target) ? <PersonStory key={key} target={target} /> : <Thing key={key} target={target} />;
}
