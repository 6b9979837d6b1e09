import { useState } from "preact/hooks";

import { keep } from "../session.ts";

/** Asks for an API key. What it may do, the API says. */
export function SignInForm() {
  const [key, setKey] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
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
      <button type="submit" class="button main">
        Sign in
      </button>
    </form>
  );
}
