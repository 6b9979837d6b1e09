import "./shell.css";

import { ChevronDown, CircleUser, Contrast } from "lucide";
import { useEffect, useState } from "preact/hooks";

import { type Schema, get } from "../api.ts";
import { home, lastLog } from "../log/home.ts";
import { PAGES } from "../pages.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu, MenuItem } from "../parts/menu.tsx";
import { go, href, place } from "../route.ts";
import { chosenTenant, environment, holder, may, me, signOut } from "../session.ts";
import { keysShown } from "./keys.tsx";
import { THEMES, theme } from "./theme.ts";

export function Head() {
  return (
    <header class="head">
      <a class="wordmark" href={home()}>
        Daybook
      </a>
      {holder.value && <Tabs />}
      <div class="head-right">
        {holder.value && <Tenant />}
        {(me.value?.environments.length ?? 0) > 1 && <Environment />}
        <Theme />
        {holder.value && <Reader />}
      </div>
    </header>
  );
}

function Tabs() {
  return (
    <nav aria-label="Pages">
      {Object.entries(PAGES).map(
        ([name, page]) =>
          page.tab !== undefined &&
          page.roles !== null &&
          may(...page.roles) && (
            <a key={name} href={name === "log" ? lastLog() : href(name)} aria-current={place.value.page === name ? "page" : undefined}>
              {page.tab}
            </a>
          ),
      )}
    </nav>
  );
}

function Tenant() {
  if (!may("operations")) return <bdi class="switch">{me.value?.name}</bdi>;
  const name = me.value?.name ?? chosenTenant.value ?? "Choose a tenant";
  return (
    <Menu
      name={`Tenant: ${name}`}
      label={
        <>
          <bdi class="switch">{name}</bdi>
          <Icon node={ChevronDown} />
        </>
      }
    >
      <Tenants />
    </Menu>
  );
}

const FIRST = 50;

/** The first tenants of the list; the page of tenants has them all. */
function Tenants() {
  const [found, setFound] = useState<readonly Schema["TenantDescription"][]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const ask = { inEnvironment: false, tenant: null, signal: stop.signal } as const;
    get<Schema["TenantList"]>("tenants", ask).then(
      (list) => setFound(list.tenants.slice(0, FIRST)),
      () => undefined,
    );
    return () => stop.abort();
  }, []);
  return (
    <>
      {found.map((each) => (
        <MenuItem key={each.tenant} checked={each.tenant === chosenTenant.value} onClick={() => choose(each.tenant)}>
          <bdi>{each.name}</bdi>
        </MenuItem>
      ))}
      <MenuItem href="#/tenants">All tenants</MenuItem>
    </>
  );
}

/** Pages about one thing of one tenant. */
const OF_ONE = new Set(["tenants", "story", "event"]);

/** The same page of another tenant. What a filter or an event was does not exist there. */
function choose(tenant: string): void {
  const { page } = place.value;
  go(href(OF_ONE.has(page) ? "log" : page, [], new URLSearchParams({ tenant })).replace(/[?&]env=[^&]*/, ""));
}

function Environment() {
  return (
    <Menu
      name={`Environment: ${environment.value}`}
      label={
        <>
          <bdi class="switch">{environment}</bdi>
          <Icon node={ChevronDown} />
        </>
      }
    >
      {me.value?.environments.map((each) => (
        <MenuItem key={each} checked={each === environment.value} onClick={() => change(each)}>
          <bdi>{each}</bdi>
        </MenuItem>
      ))}
    </Menu>
  );
}

/** The same page and filters in another environment. An event lies in one only. */
function change(env: string): void {
  const { page, parts, query } = place.value;
  const next = new URLSearchParams(query);
  next.set("env", env);
  next.delete("event");
  go(href(page, parts, next));
}

const THEME_NAMES = { auto: "As the system", light: "Light", dark: "Dark" };

function Theme() {
  return (
    <Menu name={`Colours: ${THEME_NAMES[theme.value]}`} label={<Icon node={Contrast} />}>
      {THEMES.map((each) => (
        <MenuItem key={each} checked={theme.value === each} onClick={() => (theme.value = each)}>
          {THEME_NAMES[each]}
        </MenuItem>
      ))}
    </Menu>
  );
}

function Reader() {
  const who = holder.value;
  if (!who) return null;
  const label = who.credential.label || who.credential.id;
  return (
    <Menu
      name={`Signed in: ${label}`}
      label={
        <>
          <Icon node={CircleUser} />
          <bdi class="switch reader">{label}</bdi>
        </>
      }
    >
      <div class="menu-note">
        <bdi>{label}</bdi>: {who.credential.kind === "key" ? "a key with the role" : "signed in with the role"}{" "}
        {who.role.replaceAll(",", ", ")}
        {who.environment !== null && (
          <>
            {" "}
            in <bdi>{who.environment}</bdi>
          </>
        )}
      </div>
      <hr class="menu-line" />
      <MenuItem href={href("verify")}>Verify an export</MenuItem>
      <MenuItem onClick={() => (keysShown.value = true)}>Keys</MenuItem>
      <MenuItem onClick={signOut}>Sign out in all tabs</MenuItem>
    </Menu>
  );
}
