import "./exports.css";

import { useTitle } from "../parts/title.ts";
import { href, place } from "../route.ts";
import { exports, useExports } from "./exports.ts";
import { ExportRow } from "./row.tsx";

/** `#/exports`, and `#/exports/<id>` with the facts of one. */
export function ExportsPage() {
  useTitle("Exports");
  useExports();
  const all = exports.value;
  const chosen = place.value.parts[0] ?? null;
  return (
    <div class="column wide" aria-busy={all === null}>
      <h1>Exports</h1>
      {all?.length === 0 && (
        <p class="soft">
          There are none yet. <a href={href("log")}>The log</a> has a button that exports what it shows.
        </p>
      )}
      {all !== null && all.length > 0 && (
        <table class="exports">
          <thead>
            <tr>
              <th scope="col">Asked for</th>
              <th scope="col">What</th>
              <th scope="col" class="number">
                Rows
              </th>
              <th scope="col">State</th>
              <th scope="col">
                <span class="hidden-visually">Files</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map((each) => (
              <ExportRow key={each.id} each={each} chosen={each.id === chosen} />
            ))}
          </tbody>
        </table>
      )}
      {all !== null && chosen !== null && !all.some((each) => each.id === chosen) && (
        <p class="error">There is no export {chosen}, or this key may not see it.</p>
      )}
    </div>
  );
}
