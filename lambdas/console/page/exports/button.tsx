import { useState } from "preact/hooks";

import { useKey } from "../keyboard.ts";
import { type Count, inFigures } from "../log/counts.ts";
import type { List } from "../log/list.ts";
import { ExportDialog } from "./dialog.tsx";

/** Opens the dialog that exports what the log shows. `counted`: how many events the counters know of. */
export function ExportButton({ list, counted }: { list: List; counted: Count | null }) {
  const [open, setOpen] = useState(false);
  const isAll = list.state.value === "end" && list.answered.value;
  const shown = { number: list.count.value, about: false };
  const rows = isAll ? shown : counted !== null && counted.number >= shown.number ? counted : null;
  useKey({ key: "e", label: "Export", run: () => setOpen(true) });
  return (
    <>
      <button type="button" class="plain" onClick={() => setOpen(true)}>
        Export{rows !== null && ` ${inFigures(rows)}`}
      </button>
      {open && <ExportDialog question={list.question} rows={rows} onClose={() => setOpen(false)} />}
    </>
  );
}
