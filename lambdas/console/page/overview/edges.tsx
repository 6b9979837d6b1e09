import { useEffect, useRef, useState } from "preact/hooks";

import { clock, shortDay } from "../zone.ts";
import { type Bars, type Chosen } from "./bars.ts";

interface Props {
  readonly bars: Bars;
  readonly chosen: Chosen;
  readonly zone: string;
  readonly onChoose: (first: number, last: number) => void;
}

/** How long the keys have to rest before the choice is taken. */
const REST_MS = 400;

/** The two ends of what is chosen, as sliders: arrow keys move them by a bar, the pointer moves them too. */
export function Edges({ bars, chosen, zone, onChoose }: Props) {
  const [moved, setMoved] = useState<Chosen | null>(null);
  const timer = useRef(0);
  useEffect(() => setMoved(null), [bars, chosen.first, chosen.last]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const { first, last } = moved ?? chosen;
  const number = bars.starts.length;
  const box = useRef<HTMLDivElement>(null);

  function move(next: Chosen): void {
    clearTimeout(timer.current);
    setMoved(next);
    timer.current = setTimeout(() => onChoose(next.first, next.last), REST_MS);
  }

  function edge(name: "From" | "To"): { at: number; min: number; max: number; set: (at: number) => void } {
    if (name === "From") return { at: first, min: 0, max: last, set: (at) => move({ first: at, last }) };
    return { at: last + 1, min: first + 1, max: number, set: (at) => move({ first, last: at - 1 }) };
  }

  return (
    <div class="edges" ref={box}>
      {(["From", "To"] as const).map((name) => {
        const { at, min, max, set } = edge(name);
        const within = (wanted: number): void => set(Math.min(max, Math.max(min, wanted)));
        const ms = bars.starts[at] ?? bars.end;
        return (
          <div
            key={name}
            class={`edge ${name.toLowerCase()}`}
            role="slider"
            tabIndex={0}
            aria-label={name}
            aria-valuemin={min}
            aria-valuemax={max}
            aria-valuenow={at}
            aria-valuetext={`${shortDay(ms, zone)} ${clock(ms, zone).slice(0, 5)}`}
            style={{ left: `${(100 * at) / number}%` }}
            onKeyDown={(key) => {
              const to = target(key.key, at, min, max);
              if (to === null) return;
              key.preventDefault();
              key.stopPropagation();
              within(to);
            }}
            onPointerDown={(down) => down.currentTarget.setPointerCapture(down.pointerId)}
            onPointerMove={(pointer) => {
              const area = box.current?.getBoundingClientRect();
              if (pointer.buttons && area) within(Math.round(((pointer.clientX - area.left) / area.width) * number));
            }}
          />
        );
      })}
    </div>
  );
}

function target(key: string, at: number, min: number, max: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1,
    PageDown: at - 10, PageUp: at + 10, Home: min, End: max,
  };
  return steps[key] ?? null;
}
