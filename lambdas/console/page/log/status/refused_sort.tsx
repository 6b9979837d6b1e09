import { ask } from "../refine.ts";
import { ExportAll } from "../export_all.tsx";
import type { RefusedSort as Refused } from "../lists.ts";

/** Why the rows keep their old order, with the two ways to have them in the new one. */
export function RefusedSort({ refused }: { refused: Refused | null }) {
  if (!refused) return null;
  const { question, detail } = refused;
  return (
    <div class="band warn" role="status">
      <span>{detail}</span>
      <button type="button" class="button" onClick={() => ask({ ...question, span: { range: "7d" } })}>
        Narrow to the last 7 days
      </button>
      <ExportAll question={question}>Export sorted</ExportAll>
    </div>
  );
}
