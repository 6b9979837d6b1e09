import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import type { Problem } from "../api.ts";
import { copy } from "../parts/copy.tsx";
import { type Sheet, csv } from "./sheet.ts";

interface Props {
  readonly title: string;
  /** What the reader has to know about the numbers. */
  readonly note?: string | null;
  /** Null while there are no numbers yet. */
  readonly sheet: Sheet | null;
  readonly problem?: Problem | null;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** A picture with its title, its numbers as a table where the reader prefers it, and as CSV. */
export function Panel({ title, note, sheet, problem, wide, children }: Props) {
  const [asTable, setAsTable] = useState(false);
  return (
    <section class={wide ? "panel wide" : "panel"} aria-label={title} aria-busy={sheet === null && !problem}>
      <header class="panel-head">
        <h2>{title}</h2>
        {sheet && (
          <>
            <button type="button" class="plain" aria-pressed={asTable} aria-label={`Table of ${title}`} onClick={() => setAsTable(!asTable)}>
              Table
            </button>
            <button type="button" class="plain" aria-label={`Copy ${title} as CSV`} onClick={() => void copy(csv(sheet), "CSV")}>
              CSV
            </button>
          </>
        )}
      </header>
      {note && <p class="panel-note">{note}</p>}
      {problem ? <p class="error">{problem.detail}</p> : asTable && sheet ? <SheetTable title={title} sheet={sheet} /> : children}
    </section>
  );
}

function SheetTable({ title, sheet }: { title: string; sheet: Sheet }) {
  return (
    <div class="panel-table" role="region" aria-label={`${title}, table`} tabIndex={0}>
      <table class="plain-table numbers">
        <thead>
          <tr>
            {sheet.head.map((name, column) => (
              <th scope="col" key={name} class={typeof sheet.rows[0]?.[column] === "number" ? "number" : ""}>
                <bdi>{name}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sheet.rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} class={typeof cell === "number" ? "number" : ""}>
                  <bdi>{typeof cell === "number" ? cell.toLocaleString("en") : cell}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
