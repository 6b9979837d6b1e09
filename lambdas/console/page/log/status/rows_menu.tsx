import { Ellipsis } from "lucide";
import { useState } from "preact/hooks";

import { Dialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Menu, MenuItem } from "../../parts/menu.tsx";
import { go, href, place } from "../../route.ts";
import { me } from "../../session.ts";
import { OWN_ZONE, isZone, zone } from "../../zone.ts";
import { columnsFor } from "../bar/presets.ts";
import type { List } from "../list.ts";
import { looks } from "../looks.ts";
import { viewOf } from "../reading.ts";
import { ask } from "../refine.ts";
import { NATIVE_FIELDS, columnsOf } from "../table/columns.ts";

/** `⋯`: how the rows look, in which columns, in whose zone. */
export function RowsMenu({ list }: { list: List }) {
  const [open, setOpen] = useState<"columns" | "zone" | null>(null);
  const { density, wrap } = looks.value;
  const isNative = viewOf(list.question) === "native";
  return (
    <>
      <Menu label={<Icon node={Ellipsis} />} name="Rows and columns">
        <MenuItem checked={density === "compact"} onClick={() => (looks.value = { density: "compact", wrap })}>
          Compact rows
        </MenuItem>
        <MenuItem checked={density === "roomy"} onClick={() => (looks.value = { density: "roomy", wrap })}>
          Roomy rows
        </MenuItem>
        <MenuItem onClick={() => (looks.value = { density, wrap: !wrap })}>{wrap ? "Cut long texts" : "Wrap long texts"}</MenuItem>
        <hr />
        <MenuItem onClick={() => setOpen("columns")}>Choose columns…</MenuItem>
        {me.value?.view && me.value.view !== "native" && (
          <MenuItem onClick={() => toggleView(list)}>{isNative ? "Product's columns" : "Native columns"}</MenuItem>
        )}
        <hr />
        <MenuItem checked={zone.value === OWN_ZONE} onClick={() => show("tz", null)}>
          Times in {OWN_ZONE}
        </MenuItem>
        {OWN_ZONE !== "UTC" && (
          <MenuItem checked={zone.value === "UTC"} onClick={() => show("tz", "UTC")}>
            Times in UTC
          </MenuItem>
        )}
        <MenuItem onClick={() => setOpen("zone")}>
          {zone.value === OWN_ZONE || zone.value === "UTC" ? "Another zone…" : `Times in ${zone.value}…`}
        </MenuItem>
      </Menu>
      {open === "columns" && <ColumnsDialog list={list} onClose={() => setOpen(null)} />}
      {open === "zone" && <ZoneDialog onClose={() => setOpen(null)} />}
    </>
  );
}

/** Sets a parameter of the page, or takes it away. */
function show(name: "tz" | "cols", value: string | null): void {
  const query = new URLSearchParams(place.value.query);
  if (value === null) query.delete(name);
  else query.set(name, value);
  go(href("log", [], query), "replace");
}

/** The product's columns, or the native ones: `v`. */
export function toggleView(list: List): void {
  ask({ ...list.question, view: viewOf(list.question) === "native" ? null : "native" }, "replace");
}

/** The reader's own zone, or UTC: `u`. */
export function toggleZone(): void {
  show("tz", zone.value === "UTC" ? null : "UTC");
}

function ColumnsDialog({ list, onClose }: { list: List; onClose: () => void }) {
  const labels = list.columns.value;
  const names = (asked: string | null) => columnsOf(labels, asked, columnsFor(list.question)).map(({ label }) => label);
  const [chosen, setChosen] = useState(() => names(place.value.query.get("cols")));
  const box = (name: string) => (
    <label key={name} class="check">
      <input
        type="checkbox"
        checked={chosen.includes(name)}
        onChange={(event) =>
          setChosen(event.currentTarget.checked ? [...chosen, name] : chosen.filter((each) => each !== name))
        }
      />{" "}
      {name}
    </label>
  );
  function apply(wanted: readonly string[] | null): void {
    show("cols", wanted === null || wanted.join() === names(null).join() ? null : wanted.join());
    onClose();
  }
  return (
    <Dialog title="Columns" onClose={onClose}>
      {labels.length > 0 && (
        <fieldset class="columns">
          <legend>The product&apos;s own</legend>
          {labels.map(box)}
        </fieldset>
      )}
      <fieldset class="columns">
        <legend>Fields of the event</legend>
        {NATIVE_FIELDS.map(box)}
      </fieldset>
      <div class="dialog-foot">
        <button type="button" class="button" onClick={() => apply(null)}>
          As it comes
        </button>
        <button type="button" class="button main" disabled={chosen.length === 0} onClick={() => apply(chosen)}>
          Show these
        </button>
      </div>
    </Dialog>
  );
}

function ZoneDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState(zone.value);
  return (
    <Dialog title="Times in" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!isZone(name)) return;
          show("tz", name === OWN_ZONE ? null : name);
          onClose();
        }}
      >
        <label class="field">
          <span>Zone</span>
          <input list="zones" value={name} onInput={(event) => setName(event.currentTarget.value)} autoFocus />
          <small>{isZone(name) ? "A name such as Europe/Berlin" : <span class="error">There is no such zone.</span>}</small>
        </label>
        <datalist id="zones">
          {Intl.supportedValuesOf("timeZone").map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <div class="dialog-foot">
          <button type="submit" class="button main" disabled={!isZone(name)}>
            Show
          </button>
        </div>
      </form>
    </Dialog>
  );
}
