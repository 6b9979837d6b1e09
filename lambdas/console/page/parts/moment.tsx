import type { ComponentChildren } from "preact";

import { WANTED, instant } from "../instants.ts";
import { offset, zone } from "../zone.ts";

interface Props {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly hint?: ComponentChildren;
  readonly required?: boolean;
  /** What is wrong with it for other reasons. */
  readonly fault?: string | null;
}

/** A day and a time on the clock of the page's zone, which stands beside it. */
export function Moment({ label, text, onText, hint, required = false, fault = null }: Props) {
  const at = momentOf(text);
  const wrong = text !== "" && at === null ? WANTED : fault;
  return (
    <label class="field">
      <span>
        {label} <span class="zone-name">{`${zone.value}, ${offset(at ?? Date.now(), zone.value)}`}</span>
      </span>
      <input type="datetime-local" required={required} value={text} onInput={(event) => onText(event.currentTarget.value)} />
      {hint && <small>{hint}</small>}
      {wrong !== null && (
        <small class="error" role="alert">
          {wrong}
        </small>
      )}
    </label>
  );
}

/** The instant of a field's text, in the page's zone; null where it is none. */
export function momentOf(text: string): number | null {
  return instant(text, zone.value);
}
