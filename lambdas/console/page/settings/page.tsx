import "./settings.css";

import { href, place } from "../route.ts";
import { useTitle } from "../parts/title.ts";
import { may } from "../session.ts";
import { SECTIONS, type Section } from "./sections.tsx";

/** Without a name the first. */
function sectionOf(name: string | undefined): Section | undefined {
  const shown = SECTIONS.filter((section) => may(...section.roles));
  return name === undefined ? shown[0] : shown.find((section) => section.name === name);
}

/** The settings: their sections beside the one that is shown. */
export function SettingsPage() {
  const shown = SECTIONS.filter((section) => may(...section.roles));
  const section = sectionOf(place.value.parts[0]);
  const Show = section?.show;
  useTitle(() => `${sectionOf(place.value.parts[0])?.label ?? "Settings"}, settings`);
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
