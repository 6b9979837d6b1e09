import { useState } from "preact/hooks";

import { CopyButton } from "../../parts/copy.tsx";
import { href } from "../../route.ts";
import type { NativeEvent } from "../list.ts";

/** The event as the API answers it, who looked at it, and what can be copied. */
export function Raw({ event }: { event: NativeEvent }) {
  const [open, setOpen] = useState(false);
  const json = (): string => JSON.stringify(event, null, 2);
  const looks = new URLSearchParams([
    ["activity", "audit-log.viewed"],
    ["activity", "audit-log.people-disclosed"],
    ["q", event.id],
  ]);
  return (
    <section>
      <details onToggle={(toggle) => setOpen(toggle.currentTarget.open)}>
        <summary>Raw</summary>
        <CopyButton text={json} what="JSON" label="Copy JSON" />
        <CopyButton text={() => event.id} what="id" label="Copy id" />
        {open && <pre tabIndex={0}>{json()}</pre>}
      </details>
      <a href={href("log", [], looks)}>Who looked at this event?</a>
    </section>
  );
}
