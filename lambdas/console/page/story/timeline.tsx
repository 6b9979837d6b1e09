import { useEffect, useRef, useState } from "preact/hooks";

import { dayStart } from "../instants.ts";
import { type Coloured, coloured } from "../overview/colours.ts";
import { clock, shortDay, zone } from "../zone.ts";
import type { NativeEvent } from "./asks.ts";
import { type Bar, type Lane, type Stretch, duration, nameOf, spanOf, ticks } from "./lanes.ts";

const LANE = 38;
const BAR = 12;
const DOTS = 30;
const AXIS = 22;
const LEAST_BAR = 3;
const TICK = 110;
const HALF_LABEL = 24;
/** Pixels that a pointer has to move to choose a stretch. */
const DRAG = 4;
/** A second click within this time makes it a double click. */
const DOUBLE_CLICK_MS = 220;

interface Props {
  readonly lanes: readonly Lane[];
  readonly events: readonly NativeEvent[];
  readonly categories: readonly string[];
  readonly target: string;
  /** The moment that is asked about, and whose sessions could have done it. */
  readonly at: number | null;
  readonly candidates: ReadonlySet<string> | null;
  /** What is in view; null: everything. */
  readonly zoom: Stretch | null;
  readonly onZoom: (zoom: Stretch | null) => void;
  readonly onPick: (at: number, event: string | null) => void;
}

/** One lane a person with the stretches in which they had it open, and what happened below. Dragging zooms, a click asks
 * about that moment. The tables beside it hold the same for those who don't see it.
 */
export function Timeline(props: Props) {
  const { lanes, events, at, zoom, onZoom, onPick } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [drag, setDrag] = useState<Stretch | null>(null);
  const clicked = useRef(0);
  useEffect(() => () => clearTimeout(clicked.current), []);
  const [from, to] = zoom ?? spanOf(lanes, events, Date.now());
  const colours = coloured(sizesOf(events), props.categories);
  const x = (ms: number): number => ((ms - from) / (to - from)) * width;
  const ms = (pixel: number): number => from + (Math.min(Math.max(pixel, 0), width) / width) * (to - from);
  const place = (event: PointerEvent): number => event.clientX - (box.current?.getBoundingClientRect().left ?? 0);
  const foot = lanes.length * LANE + DOTS;

  return (
    <figure class="timeline">
      <div ref={box}>
        <svg
          width={width}
          height={foot + AXIS}
          role="img"
          aria-label={`${lanes.length} people, ${events.length} events, from ${said(from)} to ${said(to)}`}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            clearTimeout(clicked.current);
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag([place(event), place(event)]);
          }}
          onPointerMove={(event) => drag && setDrag([drag[0], place(event)])}
          onPointerUp={() => {
            if (!drag) return;
            const [low, high] = [Math.min(...drag), Math.max(...drag)];
            setDrag(null);
            if (high - low >= DRAG) onZoom([ms(low), ms(high)]);
            else clicked.current = setTimeout(() => onPick(Math.round(ms(low)), null), DOUBLE_CLICK_MS);
          }}
          onDblClick={() => {
            clearTimeout(clicked.current);
            onZoom(null);
          }}
        >
          <defs>
            <linearGradient id="fading">
              <stop offset="0" class="fade-from" />
              <stop offset="1" class="fade-to" />
            </linearGradient>
          </defs>
          {ticks([from, to], Math.max(2, width / TICK), (at) => dayStart(at, zone.value)).map((tick) => (
            <g key={tick}>
              <line class="grid" x1={x(tick)} x2={x(tick)} y1={0} y2={foot} />
              {x(tick) >= HALF_LABEL && x(tick) <= width - HALF_LABEL && (
                <text class="tick" x={x(tick)} y={foot + 15} text-anchor="middle">
                  {tickText(tick, to - from)}
                </text>
              )}
            </g>
          ))}
          {lanes.map((lane, row) => (
            <LaneRow key={lane.key} {...props} lane={lane} top={row * LANE} x={x} width={width} />
          ))}
          <Dots events={events} colours={colours} y={lanes.length * LANE + DOTS / 2} x={x} onPick={onPick} />
          {at !== null && <line class="at" x1={x(at)} x2={x(at)} y1={0} y2={foot} />}
          {drag && <rect class="brush" x={Math.min(...drag)} width={Math.abs(drag[1] - drag[0])} y={0} height={foot} />}
        </svg>
      </div>
      <figcaption>
        {colours.map(({ key, colour }) => (
          <span key={key} class="key">
            <svg width="10" height="10" aria-hidden="true">
              <circle cx="5" cy="5" r="4" style={{ fill: `var(${colour})` }} />
            </svg>
            <bdi>{key}</bdi>
          </span>
        ))}
        <span class="spring" />
        {zoom ? (
          <button type="button" class="plain" onClick={() => onZoom(null)}>
            Show all
          </button>
        ) : (
          <span class="soft">Drag to zoom, click to ask about a moment</span>
        )}
      </figcaption>
    </figure>
  );
}

interface LaneProps extends Props {
  readonly lane: Lane;
  readonly top: number;
  readonly x: (ms: number) => number;
  readonly width: number;
}

function LaneRow({ lane, top, x, width, candidates, target }: LaneProps) {
  const total = lane.bars.filter(({ on }) => on === target).reduce((sum, { session }) => sum + session.effective_seconds, 0);
  return (
    <g>
      <line class="grid" x1={0} x2={width} y1={top + LANE - 1} y2={top + LANE - 1} />
      <text class="who" x={4} y={top + 13}>
        {nameOf(lane.actor)}
        {total > 0 && <tspan class="soft"> {duration(total)}</tspan>}
      </text>
      {lane.bars.map((bar) => (
        <BarShape
          key={`${bar.on} ${bar.session.opened_at}`}
          bar={bar}
          y={top + 19}
          x={x}
          width={width}
          candidate={candidates?.has(sessionKey(lane.key, bar.session.opened_at)) ?? null}
          outer={bar.on !== target}
        />
      ))}
    </g>
  );
}

export function sessionKey(who: string, openedAt: string): string {
  return `${who} ${openedAt}`;
}

interface BarProps {
  readonly bar: Bar;
  readonly y: number;
  readonly x: (ms: number) => number;
  readonly width: number;
  /** Whether it could have been this one; null: nothing was asked. */
  readonly candidate: boolean | null;
  /** It is a session on what contains the thing. */
  readonly outer: boolean;
}

/** The original length stays visible below an adjusted one. */
function BarShape({ bar, y, x, width, candidate, outer }: BarProps) {
  const [begin, end] = [bar.runs[0]?.[0] ?? bar.from, bar.runs.at(-1)?.[1] ?? bar.from];
  const flag = bar.session.adjustments.at(-1);
  const edge = Math.max(x(end), x(bar.adjusted?.at(-1)?.[1] ?? begin), x(begin) + LEAST_BAR) + 4;
  const turned = edge > width - 110;
  return (
    <g class={`bar${candidate === false ? " dim" : ""}${outer && !candidate ? " outer" : ""}`}>
      <title>{titleOf(bar)}</title>
      {bar.runs.length > 1 && <line class="pause" x1={x(begin)} x2={x(end)} y1={y + BAR / 2} y2={y + BAR / 2} />}
      {bar.runs.map(([low, high]) => (
        <rect
          key={low}
          class={bar.to === null ? "open" : bar.adjusted === null ? "run" : "run original"}
          x={x(low)}
          y={y}
          width={Math.max(x(high) - x(low), LEAST_BAR)}
          height={BAR}
          rx={2}
        />
      ))}
      {bar.adjusted?.map(([low, high]) => (
        <rect key={low} class="run" x={x(low)} y={y + 3} width={Math.max(x(high) - x(low), LEAST_BAR)} height={BAR - 6} />
      ))}
      {flag && (
        <text class="flag" x={turned ? x(begin) - 4 : edge} y={y + 10} text-anchor={turned ? "end" : "start"}>
          {duration(bar.session.seconds)} → {duration(bar.session.effective_seconds)}
        </text>
      )}
    </g>
  );
}

function titleOf({ on, session, from, to }: Bar): string {
  const until = to === null ? "still open" : `closed ${said(to)}, ${duration(session.seconds)} recorded`;
  const changes = session.adjustments.map(
    (one) => `\n${one.from === null ? "" : `${duration(one.from)} → `}${duration(one.to)} by ${nameOf(one.by)}, ${said(Date.parse(one.at))}`,
  );
  return `${nameOf(session.actor)} opened ${on} ${said(from)}, ${until}${changes.join("")}`;
}

interface DotsProps {
  readonly events: readonly NativeEvent[];
  readonly colours: readonly Coloured[];
  readonly y: number;
  readonly x: (ms: number) => number;
  readonly onPick: (at: number, event: string | null) => void;
}

function Dots({ events, colours, y, x, onPick }: DotsProps) {
  return (
    <g>
      {events.map((event) => {
        const at = Date.parse(event.occurred_at);
        const colour = colours.find(({ key }) => key === event.category) ?? colours.at(-1);
        return (
          <circle
            key={event.id}
            class="dot"
            cx={x(at)}
            cy={y}
            r={4}
            style={{ fill: `var(${colour?.colour ?? "--edge"})` }}
            onPointerDown={(down) => down.stopPropagation()}
            onClick={() => onPick(at, event.id)}
          >
            <title>{`${said(at)} ${event.category}: ${(event.details ?? event.event).slice(0, 300)}`}</title>
          </circle>
        );
      })}
    </g>
  );
}

function sizesOf(events: readonly NativeEvent[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { category } of events) sizes.set(category, (sizes.get(category) ?? 0) + 1);
  return sizes;
}

function tickText(at: number, length: number): string {
  const time = clock(at, zone.value);
  if (time === "00:00:00") return shortDay(at, zone.value);
  return length > 600_000 ? time.slice(0, 5) : time;
}

export function said(ms: number): string {
  return `${shortDay(ms, zone.value)} ${clock(ms, zone.value)}`;
}

function useWidth(box: { current: HTMLDivElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}
