import { useRef } from "preact/hooks";

import type { Span } from "../query.ts";
import { sameSpan } from "./spans.ts";

/** A plot shows the span that was asked for by other means. What is chosen in the plot is marked in it, and the steps to
 * it are kept, so that there is a way back.
 */
export interface Frame {
  /** What the plot shows. */
  readonly shown: Span;
  /** The span before the present one; null: there is none. */
  readonly before: Span | null;
  /** A span that was chosen in the plot. */
  readonly choose: (span: Span) => void;
}

/** `span`: the present one. `ask` makes another one the present one. */
export function useFrame(span: Span, ask: (span: Span) => void): Frame {
  const steps = useRef<readonly Span[]>([span]);
  const found = steps.current.findIndex((step) => sameSpan(step, span));
  if (found < 0) steps.current = [span];
  const at = Math.max(found, 0);
  return {
    shown: steps.current[0] ?? span,
    before: steps.current[at - 1] ?? null,
    choose: (next) => {
      steps.current = [...steps.current.slice(0, at + 1), next];
      ask(next);
    },
  };
}
