/** How views name people and targets, in quotation marks where a name could be mistaken for another's. */

import type { Aliases } from "./aliases.ts";
import { isUser, type Person, type Target } from "./native.ts";

type Named = Pick<Person, "username" | "name" | "id"> & { readonly client_id?: string | null; readonly type?: string };

export class ViewNames {
  private readonly aliases: ReadonlySet<string>;

  /** `aliases` are those of the tenant's own profile, whatever the view. */
  constructor(aliases: Aliases) {
    this.aliases = new Set(Object.values(aliases).map(letters));
  }

  user(person: Named): string {
    return this.marked(nameOf(person));
  }

  /** As `user`, with the full name first. */
  fullName(person: Named): string {
    return this.marked(person.name || nameOf(person));
  }

  /** As `user`, in a column that also has impersonators' names in brackets. */
  amongOthers(person: Named): string {
    const name = nameOf(person);
    const [, ...behind] = name.normalize("NFKC").split("(");
    return behind.some((each) => letters(each).startsWith("by")) ? `"${name}"` : this.marked(name);
  }

  target(target: Target | null): string {
    if (target === null) return "";
    return isUser(target.type) ? this.user(target as Named) : target.name || target.id || "";
  }

  /** In quotation marks where it passes for an alias. */
  marked(name: string): string {
    const [ahead = "", ...behind] = name.normalize("NFKC").split("(");
    const isAlike = this.aliases.has(letters(name)) || (behind.length > 0 && this.aliases.has(letters(ahead)));
    return isAlike ? `"${name}"` : name;
  }
}

const nameOf = (person: Named): string => person.username || person.name || person.client_id || person.id || "";

/** Letters and digits alone, without regard to case and to compatible forms of a letter. */
export const letters = (text: string): string => folded(text.normalize("NFKC")).replace(/[^\p{L}\p{N}]/gu, "");

/** As Unicode's full case folding, where letters of ASCII come out of it. A dotless i is none of them. */
const folded = (text: string): string =>
  text
    .split("\u0131")
    .map((each) => each.toLowerCase().toUpperCase().toLowerCase())
    .join("\u0131");
