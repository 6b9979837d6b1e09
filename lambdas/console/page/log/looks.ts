/** How the rows look: kept in this browser, since nobody's name is in it. */

import { effect, signal } from "@preact/signals";

interface Looks {
  readonly density: "compact" | "roomy";
  readonly wrap: boolean;
}

const KEPT = "daybook.rows";

export const looks = signal<Looks>(kept());

function kept(): Looks {
  const words = localStorage.getItem(KEPT)?.split(" ") ?? [];
  return { density: words.includes("roomy") ? "roomy" : "compact", wrap: words.includes("wrap") };
}

effect(() => {
  const { density, wrap } = looks.value;
  if (density === "compact" && !wrap) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, wrap ? `${density} wrap` : density);
});

const phone = matchMedia("(max-width: 720px)");

/** Rows are cards of two lines, and the drawer is the whole screen. */
export const isNarrow = signal(phone.matches);

phone.addEventListener("change", () => (isNarrow.value = phone.matches));
