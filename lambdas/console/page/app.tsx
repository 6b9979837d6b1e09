import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem, get } from "./api.ts";
import { home } from "./log/home.ts";
import { PAGES } from "./pages.tsx";
import { Toast } from "./parts/toast.tsx";
import { go, href, place } from "./route.ts";
import { type Me, chosenTenant, credential, may, me, signOut } from "./session.ts";
import { SignInPage } from "./sign_in/page.tsx";

export function App() {
  useSignalEffect(() => {
    const asks = [credential.value, chosenTenant.value];
    if (asks[0] !== null) void whoAmI();
  });
  useEffect(() => {
    if (place.value.page === "") go(home(), "replace");
  }, [place.value.page]);
  return (
    <div class="app">
      <Head />
      <Shown />
      <Toast />
    </div>
  );
}

async function whoAmI(): Promise<void> {
  try {
    me.value = await get<Me>("me", { inEnvironment: false });
  } catch (error) {
    if (error instanceof Problem && error.status === 401 && me.value === null) signOut();
  }
}

function Shown() {
  const page = PAGES[place.value.page];
  if (!page) return <main class="page text">There is no such page.</main>;
  if (page.roles !== null && credential.value === null) return <main class="page text"><SignInPage /></main>;
  if (page.roles !== null && me.value === null) return <main class="page text" aria-busy="true" />;
  if (page.roles !== null && !may(...page.roles)) return <Forbidden />;
  const Show = page.show;
  return (
    <main class={page.whole ? "page" : "page text"}>
      <Show />
    </main>
  );
}

function Forbidden() {
  return (
    <main class="page text">
      <p>
        This key is a {me.value?.role}&apos;s. It may not see this page: use the key of an auditor or an admin.
      </p>
    </main>
  );
}

function Head() {
  return (
    <header class="head">
      <a class="wordmark" href={home()}>
        Daybook
      </a>
      <nav aria-label="Pages">
        {Object.entries(PAGES).map(
          ([name, page]) =>
            page.tab !== undefined &&
            page.roles !== null &&
            may(...page.roles) && (
              <a key={name} href={name === "log" ? home() : href(name)} aria-current={place.value.page === name ? "page" : undefined}>
                {page.tab}
              </a>
            ),
        )}
      </nav>
      {me.value && (
        <>
          <span>{me.value.name}</span>
          <button type="button" class="plain" onClick={signOut}>
            Sign out
          </button>
        </>
      )}
    </header>
  );
}
