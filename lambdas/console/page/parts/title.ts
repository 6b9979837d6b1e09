/** The title of the tab, by which a reader finds it among others: `Failed sign-ins, last 7 days · Fieldworks · Daybook`. */

import { useSignalEffect } from "@preact/signals";

import { me } from "../session.ts";

/** `title` is called again whenever a signal that it reads changes. */
export function useTitle(title: string | (() => string)): void {
  useSignalEffect(() => {
    const text = typeof title === "string" ? title : title();
    document.title = [text, me.value?.name, "Daybook"].filter(Boolean).join(" · ");
  });
}
