/** The title of the tab, by which a reader finds it among others: `Failed sign-ins, last 7 days · Fieldworks · Daybook`. */

import { useEffect } from "preact/hooks";

import { me } from "../session.ts";

/** `title` may read signals: where they change, so does the title. */
export function useTitle(title: string | (() => string)): void {
  const text = typeof title === "string" ? title : title();
  const whole = [text, me.value?.name, "Daybook"].filter(Boolean).join(" · ");
  useEffect(() => {
    document.title = whole;
  }, [whole]);
}
