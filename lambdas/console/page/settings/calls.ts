import type { Schema } from "../api.ts";
import { me } from "../session.ts";

export type CreatedKey = Schema["CreatedKey"];

/** Options of calls that are about all of a tenant's environments. */
export const OF_ALL = { inEnvironment: false } as const;

export function keysPath(...more: string[]): string {
  return ["tenants", me.value?.tenant ?? "", "keys", ...more].map(encodeURIComponent).join("/");
}
