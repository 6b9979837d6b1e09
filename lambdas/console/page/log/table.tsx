import { place } from "../route.ts";
import type { List, Row } from "./list.ts";
import { openEvent } from "./open.ts";

const NATIVE_COLUMNS = ["occurred_at", "activity", "actor", "target", "details", "status"];

export function Table({ list }: { list: List }) {
  const native = list.columns.value.length === 0;
  const columns = native ? NATIVE_COLUMNS : list.columns.value;
  const open = place.value.query.get("event");
  return (
    <div class="rows" role="region" aria-label="Events" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((label) => (
              <th scope="col" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {list.rows.value.map((row) => (
            <tr
              key={row.native.id}
              class={row.native.status === "failure" ? "failed" : ""}
              aria-selected={row.native.id === open}
              onClick={() => openEvent(row.native.id)}
            >
              {columns.map((label) => (
                <td key={label}>
                  <bdi>{cell(row, label).slice(0, 300)}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="foot" role="status">
        {list.state.value === "waiting" && "Searching…"}
        {list.state.value === "end" && `${list.rows.value.length} shown, all that match`}
        {list.problem.value?.detail}
        {list.state.value === "more" && (
          <button type="button" class="button" onClick={() => void list.more()}>
            More
          </button>
        )}
      </p>
    </div>
  );
}

function cell(row: Row, label: string): string {
  if (row.shown) return row.shown[label] ?? "";
  const value = row.native[label as keyof typeof row.native];
  if (label === "actor") return row.native.actor.username ?? row.native.actor.id ?? "";
  if (label === "target") return row.native.target ? `${row.native.target.type}:${row.native.target.id ?? row.native.target.name ?? ""}` : "";
  return typeof value === "string" ? value : "";
}
