import "./sign_in.css";

import { signal } from "@preact/signals";

import { useTitle } from "../parts/title.ts";
import { SignInForm } from "./form.tsx";

/** Why the last try failed. */
export const failure = signal<string | null>(null);

/** Shown in the place of a page that needs a credential: its address stays. */
export function SignInPage() {
  useTitle("Sign in");
  return (
    <div class="sign-in">
      <h1>Sign in to the audit log</h1>
      <SignInForm />
      <p class="error" role="alert">
        {failure}
      </p>
      <p class="soft">
        The key stays in this tab and is sent to this address alone. To <a href="#/verify">verify an export</a> you need
        none.
      </p>
    </div>
  );
}
