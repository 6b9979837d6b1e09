import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";

import { Menu, MenuItem } from "../../parts/menu.tsx";
import { type View, hrefOf, maySave, readViews, viewOf, views } from "../../views.ts";
import { question } from "../refine.ts";
import { type Preset, presets } from "./presets.ts";
import { RemoveView, SaveView } from "./views_dialogs.tsx";

/** The usual questions, the saved ones, and saving what is asked now. */
export function ViewsMenu({ onPreset }: { onPreset: (preset: Preset) => void }) {
  const [saving, setSaving] = useState(false);
  const [removed, setRemoved] = useState<View | null>(null);
  return (
    <>
      <Menu left label="Views ▾" name="Views">
        <Items onPreset={onPreset} onSave={() => setSaving(true)} onRemove={setRemoved} />
      </Menu>
      {saving && <SaveView onClose={() => setSaving(false)} />}
      {removed && <RemoveView view={removed} onClose={() => setRemoved(null)} />}
    </>
  );
}

interface ItemsProps {
  readonly onPreset: (preset: Preset) => void;
  readonly onSave: () => void;
  readonly onRemove: (view: View) => void;
}

function Items({ onPreset, onSave, onRemove }: ItemsProps) {
  useEffect(() => void readViews(), []);
  const saved = views.value ?? [];
  const shown = viewOf(question());
  return (
    <>
      <Group name="Usual questions">
        {presets().map((preset) => (
          <MenuItem key={preset.name} onClick={() => onPreset(preset)}>
            {preset.name}
          </MenuItem>
        ))}
      </Group>
      {saved.length > 0 && (
        <Group name="Saved">
          {saved.map((view) => (
            <MenuItem key={`${view.name} ${view.shared}`} href={hrefOf(view)}>
              <bdi class="chip-one">{view.name}</bdi>
              {view.shared && <span class="soft">shared</span>}
            </MenuItem>
          ))}
        </Group>
      )}
      <Group name="This view">
        <MenuItem onClick={onSave}>Save…</MenuItem>
        {shown && (shown.mine || maySave(shown.shared)) && (
          <MenuItem onClick={() => onRemove(shown)}>
            <bdi class="chip-one">Remove ‘{shown.name}’…</bdi>
          </MenuItem>
        )}
      </Group>
    </>
  );
}

function Group({ name, children }: { name: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <div role="group" aria-labelledby={id} class="menu-group">
      <div class="options-name" id={id} role="presentation">
        {name}
      </div>
      {children}
    </div>
  );
}
