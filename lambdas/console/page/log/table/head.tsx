import { NEWEST_FIRST } from "../../query.ts";
import { offset, zone } from "../../zone.ts";
import type { List } from "../list.ts";
import { isNarrow } from "../looks.ts";
import { ask } from "../refine.ts";
import type { Column } from "./columns.ts";

/** The labels, each a button where the API sorts by it. The time's says its zone. */
export function Head({ columns, list }: { columns: readonly Column[]; list: List }) {
  const sort = list.question.sort;
  const [field, isDown] = sort.startsWith("-") ? [sort.slice(1), true] : [sort, false];
  return (
    <thead class={isNarrow.value ? "hidden-visually" : ""}>
      <tr aria-rowindex={1}>
        {isNarrow.value ? (
          <th scope="col">Event</th>
        ) : (
          columns.map((column) => {
            const isSorted = column.sort === field && isSorting(columns, column);
            return (
              <th
                scope="col"
                key={column.label}
                class={column.kind}
                aria-sort={isSorted ? (isDown ? "descending" : "ascending") : undefined}
              >
                {column.sort === undefined ? (
                  <span class="label">
                    <span>{column.label}</span>
                  </span>
                ) : (
                  <button type="button" class="label" onClick={() => sortBy(list, column.sort ?? "")}>
                    <span>
                      {column.label}
                      {isSorted && <span aria-hidden="true"> {isDown ? "▾" : "▴"}</span>}
                    </span>
                    {column.sort === "occurred_at" && <Zone column={column} isLast={isSorting(columns, column)} />}
                  </button>
                )}
              </th>
            );
          })
        )}
      </tr>
    </thead>
  );
}

/** Of several columns of one field, the last shows its order: `Date`, `Time ▾`. */
function isSorting(columns: readonly Column[], column: Column): boolean {
  return columns.findLast(({ sort }) => sort === column.sort) === column;
}

function Zone({ column, isLast }: { column: Column; isLast: boolean }) {
  if (!isLast && column.kind === "date") return null;
  const now = offset(Date.now(), zone.value);
  const [name, ahead] = column.utc ? ["UTC", "UTC"] : [zone.value, now];
  return (
    <span class="zone" title={name === ahead ? name : `${name}, ${ahead}`}>
      {" "}
      {name === ahead ? name : `${name}, ${ahead}`}
    </span>
  );
}

/** Time begins with the newest, all else with the first of its order. A second click turns it around. */
function sortBy(list: List, field: string): void {
  const { question } = list;
  const down = `-${field}`;
  const sort = field === "occurred_at" ? (question.sort === NEWEST_FIRST ? field : down) : question.sort === field ? down : field;
  ask({ ...question, sort });
}
