import type { ComponentChildren } from "preact";

import { only, without } from "../log/refine.ts";
import type { FilterKey } from "../query.ts";

interface Props {
  readonly filter: FilterKey;
  readonly value: string;
  readonly children?: ComponentChildren;
}

/** A value that filters the log: a click means only this, an Alt-click without this. */
export function Value({ filter, value, children }: Props) {
  return (
    <button
      type="button"
      class="value"
      title={`Only ${value} (Alt-click: without)`}
      onClick={(event) => {
        event.stopPropagation();
        (event.altKey ? without : only)(filter, value);
      }}
    >
      <bdi>{children ?? value}</bdi>
    </button>
  );
}
