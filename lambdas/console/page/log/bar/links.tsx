import { useState } from "preact/hooks";

import { address } from "../../api.ts";
import { CopyButton, copy } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Menu, MenuItem } from "../../parts/menu.tsx";
import { curl } from "../../parts/shell.ts";
import { type Question, replaced } from "../../query.ts";
import { href, place } from "../../route.ts";
import { chosenTenant, environment, me } from "../../session.ts";
import { PAGE, asShown } from "../reading.ts";
import { question } from "../refine.ts";
import { fixed } from "./fixed.ts";

/** `Link`: copies the address of what is on the screen. A span such as the last 7 days stays one, unless it is fixed. */
export function LinkButton() {
  return (
    <Menu label="Link" name="Link">
      <MenuItem onClick={() => void copy(link(question()), "Link")}>Copy link</MenuItem>
      <MenuItem onClick={() => void copy(link({ ...question(), span: fixed(question().span, Date.now()) }), "Link with fixed times")}>
        Copy link with fixed times
      </MenuItem>
    </Menu>
  );
}

/** The whole address, with the environment where the tenant has several, so that it means the same to everybody. */
export function link(asked: Question): string {
  const query = replaced(place.value.query, asked);
  const event = place.value.query.get("event");
  if (event !== null) query.set("event", event);
  if ((me.value?.environments.length ?? 0) > 1 && environment.value !== null) query.set("env", environment.value);
  return new URL(href("log", [], query), location.href).href;
}

/** `API`: the request behind what is on the screen. */
export function ApiButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="plain" onClick={() => setOpen(true)}>
        API
      </button>
      {open && <Request onClose={() => setOpen(false)} />}
    </>
  );
}

function Request({ onClose }: { onClose: () => void }) {
  const query = asShown(question());
  query.set("limit", String(PAGE));
  const url = new URL(address("events", { query }), location.href.split("#")[0]).href;
  const command = curl(url, { tenant: chosenTenant.value });
  return (
    <Dialog title="The same by the API" onClose={onClose}>
      <p>This request gives the rows of this page, and a cursor for the next.</p>
      <h2>Address</h2>
      <pre>{url}</pre>
      <CopyButton text={() => url} what="Address" />
      <h2>Command</h2>
      <pre>{command}</pre>
      <CopyButton text={() => command} what="Command" />
      <p class="soft">DAYBOOK_KEY stands for your API key. The page does not show it.</p>
      <div class="dialog-foot">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
