/** The table of pages: to add one, add a row. */

import type { ComponentType } from "preact";

import { AlertsPage } from "./alerts/page.tsx";
import { EventPage } from "./event/page.tsx";
import { ExportsPage } from "./exports/page.tsx";
import { LogPage } from "./log/page.tsx";
import { OverviewPage } from "./overview/page.tsx";
import type { Role } from "./session.ts";
import { SettingsPage } from "./settings/page.tsx";
import { SignInPage } from "./sign_in/page.tsx";
import { StoryPage } from "./story/page.tsx";
import { TenantsPage } from "./tenants/page.tsx";
import { VerifyPage } from "./verify/page.tsx";

export interface Page {
  readonly show: ComponentType;
  /** Who may see it; null: anyone, without signing in. */
  readonly roles: readonly Role[] | null;
  /** Its word in the header, where it stands there. */
  readonly tab?: string;
  /** True: it fills the window and scrolls within. */
  readonly whole?: true;
}

const READERS = ["auditor", "admin", "operations"] as const;

export const PAGES: Readonly<Record<string, Page>> = {
  log: { show: LogPage, roles: READERS, tab: "Log", whole: true },
  overview: { show: OverviewPage, roles: READERS, tab: "Overview" },
  exports: { show: ExportsPage, roles: READERS, tab: "Exports" },
  alerts: { show: AlertsPage, roles: READERS, tab: "Alerts" },
  event: { show: EventPage, roles: READERS },
  story: { show: StoryPage, roles: READERS, whole: true },
  verify: { show: VerifyPage, roles: null },
  settings: { show: SettingsPage, roles: READERS, tab: "Settings" },
  tenants: { show: TenantsPage, roles: ["operations"], tab: "Tenants" },
  "sign-in": { show: SignInPage, roles: null },
};
