/** The keys of the page. Components bind theirs while they are shown; `?` lists what is bound. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Key {
  /** As `KeyboardEvent.key` has it: `j`, `/`, `Enter`, `Escape`; `g l` for one after the other; `Shift-F`. */
  readonly key: string;
  /** What it does, in the list: "Next event". */
  readonly label: string;
  readonly run: () => void;
  /** False: the key is not for this one now, and an earlier binding may take it. */
  readonly when?: () => boolean;
}

const KEPT = "daybook.letters";
const SEQUENCE_MS = 1000;

/** Whether single letters do something: WCAG 2.1.4 wants a switch. */
export const letters = signal(localStorage.getItem(KEPT) !== "off");

export function setLetters(on: boolean): void {
  letters.value = on;
  if (on) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, "off");
}

/** Those bound last come first. */
export const bound = signal<readonly Key[]>([]);

/** Binds until the returned function is called. */
export function bind(key: Key): () => void {
  bound.value = [key, ...bound.value];
  return () => {
    bound.value = bound.value.filter((each) => each !== key);
  };
}

/** Binds while the component is shown. `key.run` and `key.when` are those of its last rendering. */
export function useKey(key: Key): void {
  const latest = useRef(key);
  latest.current = key;
  useEffect(
    () =>
      bind({
        key: key.key,
        label: key.label,
        run: () => latest.current.run(),
        when: () => latest.current.when?.() ?? true,
      }),
    [key.key, key.label],
  );
}

let first = "";
let firstAt = 0;

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const name = nameOf(event);
  if (name.length === 1 || name.startsWith("Shift-")) {
    if (!letters.value) return;
  } else if (name === "Enter" && isControl(event.target)) return;
  const sequence = event.timeStamp - firstAt < SEQUENCE_MS ? `${first} ${name}` : "";
  const found = bound.value.find((key) => (key.key === sequence || key.key === name) && (key.when?.() ?? true));
  const begins = bound.value.some((key) => key.key.startsWith(`${name} `));
  first = !found && begins ? name : "";
  firstAt = event.timeStamp;
  if (!found) return;
  event.preventDefault();
  found.run();
}

function nameOf(event: KeyboardEvent): string {
  const isLetter = /^[a-z]$/i.test(event.key);
  return isLetter && event.shiftKey ? `Shift-${event.key.toUpperCase()}` : isLetter ? event.key.toLowerCase() : event.key;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !/^(?:button|checkbox|radio|submit|range)$/.test(target.type);
  return target.isContentEditable || /^(?:TEXTAREA|SELECT)$/.test(target.tagName);
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("a, button, summary, input, [role^=menuitem]") !== null;
}

addEventListener("keydown", onKeyDown);
