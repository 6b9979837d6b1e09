import "./sign_in.css";

import { useTitle } from "../parts/title.ts";
import { SignInForm } from "./form.tsx";

/** Shown in the place of a page that needs a credential: its address stays. */
export function SignInPage() {
  useTitle("Sign in");
  return (
    <div class="sign-in">
      <h1>Sign in to the audit log</h1>
      <SignInForm />
      <p class="soft">
        The key stays in this tab and is sent to this address alone. To <a href="#/verify">verify an export</a> you need
        none.
      </p>
    </div>
  );
}
