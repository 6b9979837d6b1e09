import { useState } from "preact/hooks";

import { WANTED, dayStart, daysSinceMonday, instant, local } from "../../instants.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Menu, MenuItem } from "../../parts/menu.tsx";
import type { Span } from "../../query.ts";
import { offset, zone } from "../../zone.ts";
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
  const begins = from === "" ? null : instant(from, zone.value);
  const ends = to === "" ? null : instant(to, zone.value);
  const wrongFrom = from !== "" && begins === null ? WANTED : null;
  const wrongTo =
    to !== "" && ends === null ? WANTED : begins !== null && ends !== null && begins >= ends ? "The beginning must be before the end." : null;

  function apply(event: Event): void {
    event.preventDefault();
    if (wrongFrom !== null || wrongTo !== null) return;
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
          <Wanted wrong={wrongFrom} else="Empty: as far back as the log is kept." />
        </label>
        <label class="field">
          <span>To, not included</span>
          <input type="datetime-local" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
          <Wanted wrong={wrongTo} else="Empty: up to now, and what arrives later." />
        </label>
        <p class="soft">
          Times are in {zone.value} ({offset(begins ?? Date.now(), zone.value)}).
        </p>
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={wrongFrom !== null || wrongTo !== null}>
            Show
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Wanted(props: { wrong: string | null; else: string }) {
  if (props.wrong === null) return <small>{props.else}</small>;
  return (
    <small class="error" role="alert">
      {props.wrong}
    </small>
  );
}
