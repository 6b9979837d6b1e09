import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import { clock, shortDay } from "../zone.ts";
import { type Bars, DAY } from "./bars.ts";
import { resolved } from "./colours.ts";

interface Props {
  readonly bars: Bars;
  /** A token for each of the bars' keys. */
  readonly colours: readonly string[];
  /** True: the bars count a part of the events only. */
  readonly hatched: boolean;
  /** Which bars are chosen; the others are dimmed. */
  readonly chosen: { readonly first: number; readonly last: number };
  readonly zone: string;
  /** In pixels, with the axis. */
  readonly height: number;
  readonly onChoose: (first: number, last: number) => void;
  readonly onBack: () => void;
  /** The bar under the pointer, or null. */
  readonly onPoint: (bar: number | null) => void;
}

export const AXIS = 18;
/** Above the bars, for the number of the highest. */
const ROOM_FOR_MOST = 14;
const FONT = "12px system-ui, sans-serif";
const HALF_LABEL = 22;
/** A second click within this time makes it a double click. */
const DOUBLE_CLICK_MS = 220;

/** Stacked bars on a canvas. Dragging chooses bars, so does a click, Shift-click extends, a double click goes back.
 * What it shows stands in the table beside it for those who don't see it.
 */
export function Plot(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { bars, colours, hatched, zone, height, chosen } = props;

  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const made = new uPlot(optionsOf(latest, place), dataOf(bars), place);
    plot.current = made;
    const stops = [followSize(made, place, height), followTheme(made)];
    listen(made, latest);
    return () => {
      for (const stop of stops) stop();
      made.destroy();
      plot.current = null;
    };
  }, [bars, colours.join(), hatched, zone, height]);
  useEffect(() => plot.current?.redraw(false, false), [chosen.first, chosen.last]);

  return <div class="plot-canvas" ref={box} aria-hidden="true" />;
}

type Latest = { readonly current: Props };

/** Cumulated, the whole stack first: each series is drawn over the one before, which leaves the difference visible. */
function dataOf({ starts, counts }: Bars): uPlot.AlignedData {
  const sums: number[][] = [];
  for (const [at, numbers] of counts.entries()) {
    const below = sums[at - 1];
    sums.push(numbers.map((number, bar) => number + (below?.[bar] ?? 0)));
  }
  return [starts.map((start) => start / 1000), ...sums.reverse()];
}

function optionsOf(latest: Latest, place: HTMLElement): uPlot.Options {
  const { bars, colours, height, zone } = latest.current;
  const paths = uPlot.paths.bars?.({ size: [1, Infinity], gap: bars.starts.length > 200 ? 0 : 1, align: 1 });
  const series = [...colours].reverse().map((token): uPlot.Series => {
    const fill = (): CanvasRenderingContext2D["fillStyle"] => filling(token, latest.current.hatched, place);
    return { fill: fill as uPlot.Series.Fill, width: 0, points: { show: false }, ...(paths ? { paths } : {}) };
  });
  return {
    width: Math.max(place.clientWidth, 100),
    height,
    padding: [ROOM_FOR_MOST, 0, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      bind: { dblclick: () => null },
    },
    scales: {
      x: { time: true, range: () => [(bars.starts[0] ?? 0) / 1000, bars.end / 1000] },
      y: { range: (_plot, _min, max) => [0, Math.max(max, 1)] },
    },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    axes: [
      {
        size: AXIS,
        font: FONT,
        gap: 2,
        space: 72,
        stroke: () => resolved("--soft", place),
        grid: { show: false },
        ticks: { show: true, size: 3, width: 1, stroke: () => resolved("--line", place) },
        border: { show: true, width: 1, stroke: () => resolved("--line", place) },
        values: (made, splits, _axis, _space, step) =>
          splits.map((at) => (isCut(made, at) ? "" : label(at * 1000, step * 1000, zone))),
      },
      { show: false },
    ],
    series: [{}, ...series],
    hooks: {
      draw: [(made) => dim(made, latest.current, place)],
      setSelect: [(made) => choose(made, latest.current)],
      setCursor: [(made) => latest.current.onPoint(made.cursor.left !== undefined && made.cursor.left >= 0 ? barAt(made, made.cursor.left, bars) : null)],
    },
  };
}

/** Whether a label there would not fit. */
function isCut(made: uPlot, at: number): boolean {
  const left = made.valToPos(at, "x");
  return left < HALF_LABEL || left > made.width - HALF_LABEL;
}

function label(ms: number, step: number, zone: string): string {
  const time = clock(ms, zone).slice(0, 5);
  return step >= DAY || time === "00:00" ? shortDay(ms, zone) : time;
}

function filling(token: string, hatched: boolean, place: HTMLElement): string | CanvasPattern {
  const colour = resolved(token, place);
  if (!hatched) return colour;
  const tile = document.createElement("canvas");
  const side = (tile.width = tile.height = Math.round(5 * devicePixelRatio));
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.strokeStyle = pen.fillStyle = colour;
  pen.globalAlpha = 0.25;
  pen.fillRect(0, 0, side, side);
  pen.globalAlpha = 1;
  pen.lineWidth = devicePixelRatio;
  pen.beginPath();
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift, side);
    pen.lineTo(shift + side, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat") ?? colour;
}

/** Veils what is not chosen. */
function dim(made: uPlot, { bars, chosen }: Props, place: HTMLElement): void {
  const edges = [...bars.starts, bars.end].map((at) => made.valToPos(at / 1000, "x", true));
  const { left, top, width, height } = made.bbox;
  const veil = (from: number, to: number): void => made.ctx.fillRect(from, top, to - from, height);
  made.ctx.save();
  made.ctx.globalAlpha = 0.75;
  made.ctx.fillStyle = resolved("--paper", place);
  if (chosen.first > 0) veil(left, edges[chosen.first] ?? left);
  if (chosen.last + 1 < bars.starts.length) veil(edges[chosen.last + 1] ?? left + width, left + width);
  made.ctx.restore();
}

function choose(made: uPlot, { bars, onChoose }: Props): void {
  const { left, width } = made.select;
  if (width <= 0) return;
  made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onChoose(barAt(made, left, bars), barAt(made, left + width, bars));
}

function barAt(made: uPlot, left: number, { starts, end }: Bars): number {
  const origin = starts[0] ?? 0;
  const bar = Math.floor(((made.posToVal(left, "x") * 1000 - origin) / (end - origin)) * starts.length);
  return Math.min(Math.max(bar, 0), starts.length - 1);
}

/** The click that may become a double click. A plot that is drawn anew in between loses none. */
let single = 0;

/** Clicks. uPlot itself keeps back the click that ends a drag. */
function listen(made: uPlot, latest: Latest): void {
  const onClick = (click: MouseEvent): void => {
    const { bars, chosen, onChoose } = latest.current;
    clearTimeout(single);
    if (click.detail > 1) return;
    const bar = barAt(made, click.offsetX, bars);
    if (click.shiftKey) onChoose(Math.min(chosen.first, bar), Math.max(chosen.last, bar));
    else single = setTimeout(() => onChoose(bar, bar), DOUBLE_CLICK_MS);
  };
  const onDouble = (): void => {
    clearTimeout(single);
    latest.current.onBack();
  };
  made.over.addEventListener("click", onClick);
  made.over.addEventListener("dblclick", onDouble);
}

function followSize(made: uPlot, place: HTMLElement, height: number): () => void {
  const observer = new ResizeObserver(() => {
    if (place.clientWidth > 0 && place.clientWidth !== made.width) made.setSize({ width: place.clientWidth, height });
  });
  observer.observe(place);
  return () => observer.disconnect();
}

/** A canvas does not follow the theme by itself. */
function followTheme(made: uPlot): () => void {
  const redraw = (): void => made.redraw(true, true);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(redraw);
  dark.addEventListener("change", redraw);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    dark.removeEventListener("change", redraw);
    chosen.disconnect();
  };
}
