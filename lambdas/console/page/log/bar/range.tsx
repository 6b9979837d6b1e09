import { useState } from "preact/hooks";

import { dayStart, daysSinceMonday, local } from "../../instants.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Menu, MenuItem } from "../../parts/menu.tsx";
import { Moment, momentOf } from "../../parts/moment.tsx";
import type { Span } from "../../query.ts";
import { zone } from "../../zone.ts";
import { ask, question } from "../refine.ts";
import { ALL_KEPT, RANGES, spanInWords } from "./words.ts";

function askSpan(span: Span): void {
  ask({ ...question(), span });
}

/** The span of time: what the products offer, whole days, or any two moments. */
export function RangeMenu({ fault }: { fault: string | null }) {
  const [custom, setCustom] = useState(false);
  const { span } = question();
  const said = spanInWords(span, zone.value);
  const now = Date.now();
  const days = (behind: number, many = 1): Span => ({
    from: new Date(dayStart(now, zone.value, behind)).toISOString(),
    to: new Date(dayStart(now, zone.value, behind - many)).toISOString(),
  });
  const item = (name: string, to: Span) => (
    <MenuItem checked={said === spanInWords(to, zone.value)} onClick={() => askSpan(to)}>
      {name}
    </MenuItem>
  );
  return (
    <>
      <Menu class={`button range${fault === null ? "" : " bad"}`} name={`Time: ${said}${fault === null ? "" : `, ${fault}`}`} label={<>{said} ▾</>}>
        {item("Today", days(0))}
        {item("Yesterday", days(1))}
        {item("Last week", days(daysSinceMonday(now, zone.value) + 7, 7))}
        {Object.entries(RANGES).map(([range, name]) => item(name, { range }))}
        {item(ALL_KEPT, {})}
        <MenuItem onClick={() => setCustom(true)}>Custom…</MenuItem>
      </Menu>
      {custom && <Custom span={span} onClose={() => setCustom(false)} />}
    </>
  );
}

function Custom({ span, onClose }: { span: Span; onClose: () => void }) {
  const shown = (text: string | undefined, otherwise: number) => local(text !== undefined && Date.parse(text) ? Date.parse(text) : otherwise, zone.value);
  const [from, setFrom] = useState(shown(span.from, dayStart(Date.now(), zone.value, 7)));
  const [to, setTo] = useState(span.to === undefined ? "" : shown(span.to, Date.now()));
  const [begins, ends] = [momentOf(from), momentOf(to)];
  const order = begins !== null && ends !== null && begins >= ends ? "The beginning must be before the end." : null;
  const wrong = order !== null || (from !== "" && begins === null) || (to !== "" && ends === null);

  function apply(event: Event): void {
    event.preventDefault();
    if (wrong) return;
    onClose();
    askSpan({
      ...(begins !== null && { from: new Date(begins).toISOString() }),
      ...(ends !== null && { to: new Date(ends).toISOString() }),
    });
  }

  return (
    <Dialog title="Time" onClose={onClose}>
      <form onSubmit={apply}>
        <Moment label="From" text={from} onText={setFrom} hint="Empty: as far back as the log is kept." />
        <Moment label="To, not included" text={to} onText={setTo} hint="Empty: up to now, and what arrives later." fault={order} />
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={wrong}>
            Show
          </button>
        </div>
      </form>
    </Dialog>
  );
}
