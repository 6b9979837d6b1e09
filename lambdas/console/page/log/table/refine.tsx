/** `=` and `≠` at the cell under the pointer: only this, without this. One pair for the whole table. */

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { FilterKey } from "../../query.ts";
import { only, without } from "../refine.ts";

interface At {
  readonly filter: FilterKey;
  readonly value: string;
  readonly cell: HTMLElement;
}

export const refineAt = signal<At | null>(null);

export function Refine() {
  const box = useRef<HTMLDivElement>(null);
  const at = refineAt.value;
  useLayoutEffect(() => {
    const rows = box.current?.closest(".rows");
    if (!at || !box.current || !rows) return;
    const [cell, frame] = [at.cell.getBoundingClientRect(), rows.getBoundingClientRect()];
    box.current.style.setProperty("top", `${cell.top - frame.top + rows.scrollTop}px`);
    box.current.style.setProperty("left", `${cell.right - frame.left + rows.scrollLeft}px`);
  }, [at]);
  if (!at) return null;
  const { filter, value } = at;
  return (
    <div class="refine" ref={box}>
      <button type="button" tabIndex={-1} title={`Only ${value}`} aria-label={`Only ${value}`} onClick={() => only(filter, value)}>
        =
      </button>
      <button
        type="button"
        tabIndex={-1}
        title={`Without ${value}`}
        aria-label={`Without ${value}`}
        onClick={() => without(filter, value)}
      >
        ≠
      </button>
    </div>
  );
}
