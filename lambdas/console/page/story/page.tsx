import "./story.css";

import { place } from "../route.ts";
import { PersonStory } from "./person.tsx";
import { isPerson, targetOf } from "./target.ts";
import { Thing } from "./thing.tsx";

/** `#/story/<type>:<id>?at=`: a thing's story, or a person's. */
export function StoryPage() {
  const target = targetOf(place.value.parts);
  if (!target) return <p class="story-main">A story&apos;s address names a thing, such as work-item:1234-C-A1, or a person, such as user:jane.roe.</p>;
  return isPerson(target) ? <PersonStory key={target.text} target={target} /> : <Thing key={target.text} target={target} />;
}
