import { useState } from "preact/hooks";

import { type Key, bound, letters, setLetters, useKey } from "../keyboard.ts";
import { PAGES } from "../pages.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { go, href } from "../route.ts";
import { may } from "../session.ts";

const GO: readonly (readonly [string, string, string])[] = [
  ["g l", "log", "Go to the log"],
  ["g o", "overview", "Go to the overview"],
  ["g e", "exports", "Go to the exports"],
  ["g s", "settings", "Go to the settings"],
];

/** The keys that every page has, and the list of all that are bound. */
export function Keys() {
  const [open, setOpen] = useState(false);
  useKey({ key: "?", label: "List the keys", run: () => setOpen(true) });
  return (
    <>
      {GO.map(([key, page, label]) => (
        <GoKey key={key} keys={key} page={page} label={label} />
      ))}
      {open && (
        <Dialog title="Keys" onClose={() => setOpen(false)}>
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
            <button type="button" class="button main" onClick={() => setOpen(false)}>
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
    run: () => go(href(page)),
    when: () => may(...(PAGES[page]?.roles ?? [])),
  });
  return null;
}

function KeyList() {
  return (
    <dl class="keys">
      {listed(bound.value).map((key) => (
        <div key={key.key}>
          <dt>
            {key.key.split(" ").map((part) => (
              <kbd key={part}>{part}</kbd>
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
