import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Problem } from "../../api.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { say } from "../../parts/toast.tsx";
import { place } from "../../route.ts";
import { type View, maySave, removeView, saveView, viewOf } from "../../views.ts";
import { zone } from "../../zone.ts";
import { question } from "../refine.ts";
import { called } from "./people.ts";
import { filtersInWords, headline, spanInFull } from "./words.ts";

export function SaveView({ onClose }: { onClose: () => void }) {
  const asked = question();
  const [name, setName] = useState(viewOf(asked)?.name ?? "");
  const [shared, setShared] = useState(false);
  const columns = place.value.query.get("cols")?.split(",").filter(Boolean) ?? [];
  const said = headline(filtersInWords(asked, called) || "Every event", spanInFull(asked.span, zone.value));
  return (
    <Steps
      title="Save this view"
      does="Save"
      ready={name.trim() !== ""}
      act={() => saveView(name.trim(), asked, columns, shared)}
      done={`View ‘${name.trim()}’ saved`}
      onClose={onClose}
    >
      <p>
        <bdi>{said}</bdi>.
      </p>
      <label class="field">
        <span>Name</span>
        <input type="text" required maxLength={128} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <small>A view of this name is replaced.</small>
      </label>
      {maySave(true) ? (
        <label class="choice">
          <input type="checkbox" checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} /> Everybody
          who may read this log sees it
        </label>
      ) : (
        <p class="soft">You alone see it. An admin can save views for everybody.</p>
      )}
    </Steps>
  );
}

export function RemoveView({ view, onClose }: { view: View; onClose: () => void }) {
  return (
    <Steps
      title={`Remove ‘${view.name}’?`}
      does="Remove"
      danger
      ready
      act={() => removeView(view)}
      done={`View ‘${view.name}’ removed`}
      onClose={onClose}
    >
      <p>{view.shared ? "It goes from everybody's menu. " : ""}No event is removed.</p>
    </Steps>
  );
}

interface StepsProps {
  readonly title: string;
  /** The button's word. */
  readonly does: string;
  readonly danger?: boolean;
  readonly ready: boolean;
  readonly act: () => Promise<unknown>;
  readonly done: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A dialog that does one thing, and says why where it could not. */
function Steps({ title, does, danger = false, ready, act, done, onClose, children }: StepsProps) {
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await act();
      onClose();
      say(done);
    } catch (error) {
      setFault(error instanceof Problem ? error.detail : "The service was not reached. Try again.");
      setBusy(false);
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        <p class="error" role="alert">
          {fault}
        </p>
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={danger ? "button danger" : "button main"} disabled={!ready || busy}>
            {does}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
