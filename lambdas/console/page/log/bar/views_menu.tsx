import { Menu, MenuItem } from "../../parts/menu.tsx";
import { type Preset, presets } from "./presets.ts";

/** The usual questions and the saved ones. */
export function ViewsMenu({ onPreset }: { onPreset: (preset: Preset) => void }) {
  return (
    <Menu left label="Views ▾" name="Views">
      {presets().map((preset) => (
        <MenuItem key={preset.name} onClick={() => onPreset(preset)}>
          {preset.name}
        </MenuItem>
      ))}
    </Menu>
  );
}
