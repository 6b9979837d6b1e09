/** What a story is about: `work-item:1234-C-A1`, `user:jane.roe`. */

export interface Target {
  readonly type: string;
  readonly id: string;
  /** As filters take it. */
  readonly text: string;
}

/** Null for an address that names nothing. An id may hold slashes and colons. */
export function targetOf(parts: readonly string[]): Target | null {
  const text = parts.join("/");
  const at = text.indexOf(":");
  if (at < 1 || at === text.length - 1) return null;
  const type = text.slice(0, at);
  return { type, id: text.slice(at + 1), text };
}

export function isPerson(target: Target): boolean {
  return target.type.toLowerCase() === "user";
}
