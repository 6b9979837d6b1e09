import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { ExportDialog } from "../exports/dialog.tsx";
import type { Question } from "../query.ts";

/** A button that exports what no page can read on the way: a long search, or many rows in another order. */
export function ExportAll({ question, children }: { question: Question; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button" onClick={() => setOpen(true)}>
        {children}
      </button>
      {open && <ExportDialog question={question} rows={null} onClose={() => setOpen(false)} />}
    </>
  );
}
