import type { NativeEvent } from "../list.ts";
import { LongText } from "../../parts/long_text.tsx";
import { Around } from "../around/around.tsx";
import { Causes } from "./causes.tsx";
import { Changes } from "./changes.tsx";
import { Facts } from "./facts.tsx";
import { Parameters } from "./parameters.tsx";
import { Proof } from "../../proof/section.tsx";
import { Raw } from "./raw.tsx";

/** An event, from the sentence down to its bytes. The sections that need further reads ask when they are opened. */
export function EventDetail({ event }: { event: NativeEvent }) {
  return (
    <article class="event">
      <h2 class="hidden-visually">What happened</h2>
      <p class="sentence">
        <LongText text={event.details ?? event.event} />
      </p>
      <Facts event={event} />
      <Changes event={event} />
      <Parameters event={event} />
      <Around event={event} />
      <Causes event={event} />
      <Proof event={event} />
      <Raw event={event} />
    </article>
  );
}
