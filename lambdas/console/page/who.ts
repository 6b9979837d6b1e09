/** Who reads, as `GET /v1/me` says. */

import { get } from "./api.ts";
import { type Me, chosenTenant, credential, learn } from "./session.ts";

/** Asks anew. An answer is kept for the credential and the tenant of the question alone. */
export async function readMe(signal?: AbortSignal): Promise<void> {
  const [asker, chosen] = [credential.peek(), chosenTenant.peek()];
  const found = await get<Me>("me", { inEnvironment: false, ...(signal && { signal }) });
  if (credential.peek() === asker && chosenTenant.peek() === chosen) learn(chosen, found);
}
