import { useEffect, useState } from "preact/hooks";

import { keep } from "../session.ts";
import { config, failure, leave, learnConfig } from "./oidc.ts";

/** Asks for an API key, or leads to the issuer where there is one. What a credential may do, the API says. */
export function SignInForm() {
  const [key, setKey] = useState("");
  useEffect(() => {
    if (config.value === null) void learnConfig();
  }, []);
  const issuer = config.value?.sign_in;
  return (
    <>
      {issuer && (
        <p>
          <button type="button" class="button main" onClick={() => void leave(issuer)}>
            Sign in with {new URL(issuer.issuer).host}
          </button>
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          failure.value = null;
          if (key.trim()) keep(key.trim());
        }}
      >
        <label class="field">
          <span>API key</span>
          <input
            type="password"
            name="key"
            autocomplete="off"
            spellcheck={false}
            placeholder="dbk_…"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
          <small>The key of an auditor, an admin or an operator.</small>
        </label>
        <button type="submit" class={issuer ? "button" : "button main"}>
          Sign in{issuer && " with the key"}
        </button>
      </form>
      <p class="error" role="alert">
        {failure}
      </p>
    </>
  );
}
