import type { NativeEvent } from "../list.ts";
import { LongText } from "../../parts/long_text.tsx";
import { word } from "./changes.tsx";

/** The parameters that the sentence does not show already. */
export function Parameters({ event }: { event: NativeEvent }) {
  const rest = Object.entries(event.params ?? {}).filter(([, value]) => !(event.details ?? "").includes(text(value)));
  if (!rest.length && !event.people?.length && !event.adjusted?.length) return null;
  return (
    <section>
      <h3>Further</h3>
      <dl class="facts">
        {rest.map(([name, value]) => (
          <Fact key={name} name={name} value={text(value)} />
        ))}
        {event.people?.length ? (
          <Fact name="people" value={event.people.map((one) => one.name ?? one.username ?? one.id ?? "").join(", ")} />
        ) : null}
        {event.adjusted?.length ? <Fact name="adjusted" value={event.adjusted.join(", ")} /> : null}
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <LongText text={value} />
      </dd>
    </>
  );
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(", ");
  if (typeof value === "object" && value !== null) {
    const person = value as { user?: string; name?: string | null; username?: string; id?: string };
    return person.username ?? person.user ?? person.id ?? JSON.stringify(value);
  }
  return word(value as string | number | boolean | null);
}
