import { Dialog } from "../parts/dialog.tsx";
import { refused, signOut } from "../session.ts";
import { SignInForm } from "../sign_in/form.tsx";

/** The credential ended while somebody worked: they give another one, and the page stays as it is. */
export function RefusedSheet() {
  if (!refused.value) return null;
  return (
    <Dialog title="Sign in again" onClose={() => undefined}>
      <p>This credential is no longer valid: it was revoked or has expired. The page stays as it is.</p>
      <SignInForm />
      <div class="dialog-foot">
        <button type="button" class="button" onClick={signOut}>
          Sign out
        </button>
      </div>
    </Dialog>
  );
}
