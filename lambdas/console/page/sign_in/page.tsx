import "./sign_in.css";

import { useState } from "preact/hooks";

import { keep } from "../session.ts";

/** `#/sign-in`: an API key. What it may do, the API says. */
export function SignInPage() {
  const [key, setKey] = useState("");
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim()) keep(key.trim());
      }}
    >
      <h1>Sign in to the audit log</h1>
      <label class="field">
        <span>API key</span>
        <input
          type="password"
          name="key"
          autocomplete="off"
          spellcheck={false}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <small>The key of an auditor, admin or operator: dbk_…</small>
      </label>
      <button type="submit" class="button main">
        Sign in
      </button>
      <p class="soft">
        The key stays in this tab and is sent to this address alone. <a href="#/verify">Verify an export</a> needs none.
      </p>
    </form>
  );
}
