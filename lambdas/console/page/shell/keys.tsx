import { signal } from "@preact/signals";

import { type Key, bound, letters, setLetters, useKey } from "../keyboard.ts";
import { PAGES } from "../pages.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { lastLog } from "../log/home.ts";
import { go, href } from "../route.ts";
import { may } from "../session.ts";

const GO: readonly (readonly [string, string, string])[] = [
  ["g l", "log", "Go to the log"],
  ["g o", "overview", "Go to the overview"],
  ["g e", "exports", "Go to the exports"],
  ["g s", "settings", "Go to the settings"],
];

/** Whether the list of the keys is open. Its switch turns letters on again, so a click opens it too. */
export const keysShown = signal(false);

/** The keys that every page has, and the list of all that are bound. */
export function Keys() {
  useKey({ key: "?", label: "List the keys", run: () => (keysShown.value = true) });
  return (
    <>
      {GO.map(([key, page, label]) => (
        <GoKey key={key} keys={key} page={page} label={label} />
      ))}
      {keysShown.value && (
        <Dialog title="Keys" onClose={() => (keysShown.value = false)}>
          <KeyList />
          <label class="keys-switch">
            <input
              type="checkbox"
              checked={letters.value}
              onChange={(event) => setLetters(event.currentTarget.checked)}
            />
            Single letters are keys
          </label>
          <div class="dialog-foot">
            <button type="button" class="button main" onClick={() => (keysShown.value = false)}>
              Close
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function GoKey({ keys, page, label }: { keys: string; page: string; label: string }) {
  useKey({
    key: keys,
    label,
    run: () => go(page === "log" ? lastLog() : href(page)),
    when: () => may(...(PAGES[page]?.roles ?? [])),
  });
  return null;
}

function KeyList() {
  return (
    <dl class="shortcuts">
      {listed(bound.value).map((key) => (
        <div key={key.key}>
          <dt>
            {key.key.split(" ").map((part) => (
              <kbd key={part}>{part === "Escape" ? "Esc" : part}</kbd>
            ))}
          </dt>
          <dd>{key.label}</dd>
        </div>
      ))}
    </dl>
  );
}

/** In the order of binding, each key once. */
function listed(keys: readonly Key[]): Key[] {
  const all = new Map(keys.filter((key) => key.when?.() ?? true).map((key) => [key.key, key]));
  return [...all.values()].reverse();
}
