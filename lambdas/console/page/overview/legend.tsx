import type { Coloured } from "./colours.ts";
import { OTHER } from "./colours.ts";

interface Props {
  readonly colours: readonly Coloured[];
  readonly numbers: readonly number[];
  readonly hatched: boolean;
  /** Only this one, or without it; absent: the entries do nothing. */
  readonly onPick?: ((key: string, not: boolean) => void) | undefined;
}

/** What the colours mean, in the order in which they are stacked from below, with numbers. */
export function Legend({ colours, numbers, hatched, onPick }: Props) {
  return (
    <ul class="legend">
      {colours.map(({ key, colour }, at) => (
        <li key={key}>
          <span class={hatched ? "swatch hatched" : "swatch"} style={{ color: `var(${colour})` }} />
          {onPick && key !== OTHER ? (
            <button
              type="button"
              class="value"
              title={`Only ${key} (Alt-click: without)`}
              onClick={(click) => onPick(key, click.altKey)}
            >
              <bdi>{key || "none"}</bdi>
            </button>
          ) : (
            <bdi>{key || "none"}</bdi>
          )}
          <span class="legend-number">{(numbers[at] ?? 0).toLocaleString("en")}</span>
        </li>
      ))}
    </ul>
  );
}
