import type { IconNode } from "lucide";
import { h } from "preact";

/** An icon of lucide. It says nothing to screen readers: words stand beside it, or a label on its button. */
export function Icon({ node }: { node: IconNode }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {node.map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  );
}
