import { untracked, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem } from "./api.ts";
import { home } from "./log/home.ts";
import { PAGES } from "./pages.tsx";
import { Toast, say } from "./parts/toast.tsx";
import { go, href, place } from "./route.ts";
import { asking, chosenTenant, credential, drop, holder, may, me } from "./session.ts";
import { Bands } from "./shell/bands.tsx";
import { Head } from "./shell/head.tsx";
import { Keys } from "./shell/keys.tsx";
import { RefusedSheet } from "./shell/refused.tsx";
import { exchanging, failure } from "./sign_in/oidc.ts";
import { SignInPage } from "./sign_in/page.tsx";
import { readMe } from "./who.ts";

export function App() {
  useSignalEffect(() => {
    const [asker, tenant] = [credential.value, chosenTenant.value];
    if (asker === null) return undefined;
    const stop = new AbortController();
    void untracked(() => whoAmI(tenant, stop.signal));
    return () => stop.abort();
  });
  useSignalEffect(nameEnvironment);
  useEffect(() => {
    if (place.value.page === "" || (place.value.page === "sign-in" && me.value)) go(home(), "replace");
  }, [place.value.page, me.value]);
  return (
    <div class="app">
      <Head />
      <Bands />
      <Shown />
      <RefusedSheet />
      <Keys />
      <Toast />
    </div>
  );
}

async function whoAmI(tenant: string | null, stop: AbortSignal): Promise<void> {
  try {
    await readMe(stop);
    failure.value = null;
  } catch (error) {
    if (stop.aborted) return;
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401 && holder.value === null) {
      drop();
      failure.value = "This key is not valid: it was mistyped, revoked, or has expired.";
    } else if (error.status === 404 && tenant !== null) {
      say(`There is no tenant ${tenant}`);
      go("#/tenants", "replace");
    }
  }
}

/** Where the chosen tenant has several environments, each address says which one it is about. */
function nameEnvironment(): void {
  const several = (me.value?.environments.length ?? 0) > 1;
  const first = me.value?.environments[0];
  const { page, parts, query } = place.value;
  if (!several || first === undefined || query.has("env") || page === "") return;
  const named = new URLSearchParams(query);
  named.set("env", me.value?.environment ?? first);
  untracked(() => go(href(page, parts, named), "replace"));
}

function Shown() {
  const { page: name } = place.value;
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  if (!page) return <Missing />;
  if (page.roles === null) return <Framed whole={page.whole} show={page.show} />;
  if (credential.value === null) {
    return <main class="page text">{asking.value || exchanging.value ? null : <SignInPage />}</main>;
  }
  if (me.value === null) return <main class="page text" aria-busy="true" />;
  if (!may(...page.roles)) return <Forbidden />;
  if (me.value.tenant === null && name !== "tenants") return <NoTenant />;
  return <Framed whole={page.whole} show={page.show} />;
}

function Framed({ whole, show: Show }: { whole: true | undefined; show: (typeof PAGES)[string]["show"] }) {
  return (
    <main class={whole ? "page" : "page text"}>
      <Show />
    </main>
  );
}

function Missing() {
  return (
    <main class="page text">
      <h1>There is no such page</h1>
      <p>
        The address names none that this version of Daybook knows. <a href={home()}>To the log</a>
      </p>
    </main>
  );
}

/** Operations reach every tenant, and have to choose one. */
function NoTenant() {
  useEffect(() => go("#/tenants", "replace"), []);
  return <main class="page text" aria-busy="true" />;
}

function Forbidden() {
  const sends = may("producer");
  return (
    <main class="page text">
      <h1>This key may not see this page</h1>
      <p>
        {sends
          ? "This key may only send events. To read the log, use the key of an auditor or an admin."
          : `It is the key of an ${me.value?.role}. Use the key of an admin.`}
      </p>
    </main>
  );
}
