import { useState } from "preact/hooks";

const FIRST = 2048;

/** A text of any length: its first 2 KB, and the rest when asked for. */
export function LongText({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  if (text.length <= FIRST || all) return <bdi class="long">{text}</bdi>;
  return (
    <>
      <bdi class="long">{text.slice(0, FIRST)}…</bdi>{" "}
      <button type="button" class="link" onClick={() => setAll(true)}>
        show all {Math.ceil(text.length / 1024)} KB
      </button>
    </>
  );
}
