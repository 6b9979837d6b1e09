/** The table of settings: to add one, add a row. */

import type { ComponentType } from "preact";

import { RefusedPage } from "../refused/page.tsx";
import type { Role } from "../session.ts";
import { CataloguePage } from "./catalogue.tsx";
import { GroupsPage } from "./groups.tsx";
import { KeysPage } from "./keys.tsx";
import { PeoplePage } from "./people.tsx";
import { RetentionPage } from "./retention.tsx";
import { StreamPage } from "./stream.tsx";

export interface Section {
  readonly name: string;
  readonly label: string;
  readonly show: ComponentType;
  readonly roles: readonly Role[];
}

const READERS: readonly Role[] = ["auditor", "admin", "operations"];
const MANAGERS: readonly Role[] = ["admin", "operations"];

export const SECTIONS: readonly Section[] = [
  { name: "retention", label: "Retention", show: RetentionPage, roles: READERS },
  { name: "stream", label: "Stream", show: StreamPage, roles: MANAGERS },
  { name: "groups", label: "Groups", show: GroupsPage, roles: READERS },
  { name: "keys", label: "Keys", show: KeysPage, roles: MANAGERS },
  { name: "catalogue", label: "Catalogue", show: CataloguePage, roles: READERS },
  { name: "refused", label: "Refused events", show: RefusedPage, roles: MANAGERS },
  { name: "people", label: "People", show: PeoplePage, roles: ["operations"] },
];
