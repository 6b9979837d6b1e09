import "./bar.css";

import { useRef, useState } from "preact/hooks";

import { useKey } from "../../keyboard.ts";
import { copy } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { zone } from "../../zone.ts";
import type { List } from "../list.ts";
import { isNarrow } from "../looks.ts";
import { question } from "../refine.ts";
import { Filters } from "./filters.tsx";
import { link } from "./links.tsx";
import { called } from "./people.ts";
import { filterInWords, spanInWords } from "./words.ts";

/** The bar of the log. On a phone it is one line that opens the whole of it as a sheet. */
export function Bar({ list }: { list: List }) {
  const [open, setOpen] = useState(false);
  const field = useRef<HTMLDivElement>(null);
  useKey({ key: "/", label: "Filter", run: () => (isNarrow.value ? setOpen(true) : field.current?.querySelector<HTMLElement>("[role=combobox]")?.focus()) });
  useKey({ key: "l", label: "Copy the link", run: () => void copy(link(question()), "Link") });
  if (!isNarrow.value) return <Filters list={list} box={field} />;
  const { filters, span } = question();
  const said = [spanInWords(span, zone.value), ...filters.map((filter) => filterInWords(filter, called))].join(", ");
  return (
    <div class="bar" role="search" aria-label="Filters">
      <button type="button" class="button bar-sheet" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <bdi class="bar-sheet-words">{said}</bdi>
        <span class="soft">Filter</span>
      </button>
      {open && (
        <Dialog title="Filter" onClose={() => setOpen(false)}>
          <Filters list={list} box={field} inSheet />
          <div class="dialog-foot">
            <button type="button" class="button main" onClick={() => setOpen(false)}>
              Done
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
