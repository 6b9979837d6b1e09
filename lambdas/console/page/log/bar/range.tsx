import { useState } from "preact/hooks";

import { Dialog } from "../../parts/dialog.tsx";
import { Menu, MenuItem } from "../../parts/menu.tsx";
import type { Span } from "../../query.ts";
import { offset, zone } from "../../zone.ts";
import { ask, question } from "../refine.ts";
import { instant, local, startOfDay } from "./instants.ts";
import { ALL_KEPT, RANGES, spanInWords } from "./words.ts";

function askSpan(span: Span): void {
  ask({ ...question(), span });
}

/** The span of time: what the products offer, whole days, or any two moments. */
export function RangeMenu({ fault }: { fault: string | null }) {
  const [custom, setCustom] = useState(false);
  const { span } = question();
  const said = spanInWords(span, zone.value);
  const day = (behind: number): Span => ({
    from: new Date(startOfDay(Date.now(), zone.value, behind)).toISOString(),
    to: new Date(startOfDay(Date.now(), zone.value, behind - 1)).toISOString(),
  });
  const item = (name: string, to: Span) => (
    <MenuItem checked={said === spanInWords(to, zone.value)} onClick={() => askSpan(to)}>
      {name}
    </MenuItem>
  );
  return (
    <>
      <Menu class={`button range${fault === null ? "" : " bad"}`} name={`Time: ${said}${fault === null ? "" : `, ${fault}`}`} label={<>{said} ▾</>}>
        {item("Today", day(0))}
        {item("Yesterday", day(1))}
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
  const [from, setFrom] = useState(shown(span.from, startOfDay(Date.now(), zone.value, 7)));
  const [to, setTo] = useState(span.to === undefined ? "" : shown(span.to, Date.now()));
  const begins = from === "" ? null : instant(from, zone.value);
  const ends = to === "" ? null : instant(to, zone.value);
  const wrong = begins !== null && ends !== null && begins >= ends ? "The beginning must be before the end." : null;

  function apply(event: Event): void {
    event.preventDefault();
    if (wrong !== null) return;
    onClose();
    askSpan({
      ...(begins !== null && { from: new Date(begins).toISOString() }),
      ...(ends !== null && { to: new Date(ends).toISOString() }),
    });
  }

  return (
    <Dialog title="Time" onClose={onClose}>
      <form onSubmit={apply}>
        <label class="field">
          <span>From</span>
          <input type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
          <small>Empty: as far back as the log is kept.</small>
        </label>
        <label class="field">
          <span>To, not included</span>
          <input type="datetime-local" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
          <small>Empty: up to now, and what arrives later.</small>
        </label>
        <p class="soft">
          Times are in {zone.value} ({offset(begins ?? Date.now(), zone.value)}).
        </p>
        <p class="error" role="alert">
          {wrong}
        </p>
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={wrong !== null}>
            Show
          </button>
        </div>
      </form>
    </Dialog>
  );
}
