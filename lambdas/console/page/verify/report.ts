/** What a verification found, line by line. */

import { CannotTell, NotGenuine } from "./errors.ts";
import type { Fields } from "./strict.ts";
import type { Native } from "./rows/native.ts";

export type Kind = "ok" | "note" | "bad" | "unknown";
export type Verdict = "genuine" | "not genuine" | "could not tell";

/** Findings of one kind that are listed each on a line of its own. */
export const MAX_LISTED = 20;

export class Report {
  readonly findings: { readonly kind: Kind; readonly text: string }[] = [];
  /** Null where nothing is said of it. */
  complete: boolean | null = null;
  /** What a proven event says, as far as it is opened. */
  event: Native | null = null;
  /** What an export is of, as its manifest says. */
  exported: Fields | null = null;

  ok(text: string): void {
    this.findings.push({ kind: "ok", text });
  }

  /** Something to know that is neither good nor bad. */
  note(text: string): void {
    this.findings.push({ kind: "note", text });
  }

  bad(text: string): void {
    this.findings.push({ kind: "bad", text });
  }

  unknown(text: string): void {
    this.findings.push({ kind: "unknown", text });
  }

  /** The rest was not looked at. A fault of this page says nothing of what it verifies. */
  endedBy(error: unknown): void {
    if (error instanceof NotGenuine) this.bad(error.message);
    else if (error instanceof CannotTell) this.unknown(error.message);
    else this.unknown(`this page failed: ${String(error)}`);
  }

  get verdict(): Verdict {
    if (this.findings.some(({ kind }) => kind === "bad")) return "not genuine";
    return this.findings.some(({ kind }) => kind === "unknown") ? "could not tell" : "genuine";
  }
}
