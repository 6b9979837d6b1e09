/** Light, dark, or as the system has it. */

import { effect, signal } from "@preact/signals";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = "daybook.theme";

const kept = localStorage.getItem(KEPT);
export const theme = signal<Theme>(THEMES.find((each) => each === kept) ?? "auto");

effect(() => {
  if (theme.value === "auto") {
    delete document.documentElement.dataset["theme"];
    localStorage.removeItem(KEPT);
  } else {
    document.documentElement.dataset["theme"] = theme.value;
    localStorage.setItem(KEPT, theme.value);
  }
});
