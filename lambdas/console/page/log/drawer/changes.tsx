import { useState } from "preact/hooks";

import type { NativeEvent } from "../list.ts";

type Value = string | number | boolean | null | undefined;

const FOLDED = 10;
const LONG = 24;

/** What changed, and only that: field, before, after. */
export function Changes({ event }: { event: NativeEvent }) {
  const [all, setAll] = useState(false);
  const changes = event.changes;
  if (!changes?.length) return null;
  const shown = all ? changes : changes.slice(0, FOLDED);
  return (
    <section>
      <h3>Changed</h3>
      <table class="changes">
        <thead class="hidden-visually">
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Before</th>
            <th scope="col">then</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((change, at) => (
            <tr key={at}>
              <th scope="row">{change.field}</th>
              <Pair before={change.from as Value} after={change.to as Value} />
            </tr>
          ))}
        </tbody>
      </table>
      {changes.length > shown.length && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {changes.length - shown.length} more
        </button>
      )}
    </section>
  );
}

function Pair({ before, after }: { before: Value; after: Value }) {
  const [from, to] = [word(before), word(after)];
  const [head, tail] =
    typeof before === "string" && typeof after === "string" && Math.max(from.length, to.length) > LONG
      ? common(from, to)
      : [0, 0];
  return (
    <>
      <td>
        <Marked as="del" text={from} head={head} tail={tail} />
      </td>
      <td class="arrow" aria-hidden="true">
        →
      </td>
      <td>
        <Marked as="ins" text={to} head={head} tail={tail} />
      </td>
    </>
  );
}

/** A text with its equal beginning and end dimmed. */
function Marked({ as: Tag, text, head, tail }: { as: "del" | "ins"; text: string; head: number; tail: number }) {
  const end = text.length - tail;
  return (
    <bdi>
      {head > 0 && <span class="same">{text.slice(0, head)}</span>}
      <Tag>{text.slice(head, end)}</Tag>
      {tail > 0 && <span class="same">{text.slice(end)}</span>}
    </bdi>
  );
}

export function word(value: Value): string {
  if (value === null || value === undefined) return "—";
  if (value === "") return "(empty)";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

/** How many characters two texts share at the beginning and at the end, whole words only. */
export function common(one: string, other: string): [number, number] {
  const most = Math.min(one.length, other.length);
  let head = 0;
  while (head < most && one[head] === other[head]) head++;
  while (head > 0 && /\S/.test(one[head - 1] ?? " ")) head--;
  let tail = 0;
  while (tail < most - head && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  while (tail > 0 && /\S/.test(one[one.length - tail] ?? " ")) tail--;
  return [head, tail];
}
