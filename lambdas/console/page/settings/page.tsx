import "./settings.css";

import { href, place } from "../route.ts";
import { may } from "../session.ts";
import { SECTIONS } from "./sections.tsx";

/** The settings: their sections beside the one that is shown. */
export function SettingsPage() {
  const shown = SECTIONS.filter((section) => may(...section.roles));
  const section = shown.find((each) => each.name === place.value.parts[0]) ?? (place.value.parts[0] === undefined ? shown[0] : undefined);
  const Show = section?.show;
  return (
    <div class="settings">
      <h1 class="hidden-visually">Settings</h1>
      <nav aria-label="Settings">
        {shown.map(({ name, label }) => (
          <a key={name} href={href("settings", [name])} aria-current={name === section?.name ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="settings-body">{Show ? <Show /> : <p>There is no such setting, or it is not yours to see.</p>}</div>
    </div>
  );
}
