import { TextCursorInput } from "lucide";
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Icon } from "../../parts/icon.tsx";
import { type Filter, nameOf, unknown, withoutFilter } from "../../query.ts";
import { place } from "../../route.ts";
import type { List } from "../list.ts";
import { ask, question } from "../refine.ts";
import { askAlso, askChanged, askInstead, askPasted, leftInWords } from "./asking.ts";
import { Chip, Unknown } from "./chip.tsx";
import { Entry } from "./entry.tsx";
import { Left } from "./left.tsx";
import { learnFrom } from "./people.ts";
import type { Preset } from "./presets.ts";
import { RangeMenu } from "./range.tsx";
import { format, formatFilter } from "./text.ts";
import { ViewsMenu } from "./views_menu.tsx";

/** Views, filters as chips with a field behind them, the span of time. */
export function Filters({ list, box, inSheet = false }: { list: List; box: RefObject<HTMLDivElement>; inSheet?: boolean }) {
  const asked = question();
  const [edited, setEdited] = useState<string | null>(null);
  const [asText, setAsText] = useState(false);
  const [selected, setSelected] = useState(false);
  const rows = () => list.rows.value.map(({ native }) => native);
  const problem = list.problem.value;
  const faultOf = (name: string): string | null => problem?.errors.find(({ path }) => path === name)?.message ?? null;
  const faults = asked.filters.map((filter) => [filter, faultOf(nameOf(filter))] as const).filter(([, fault]) => fault !== null);

  useEffect(() => learnFrom(rows()), [list.rows.value]);
  useEffect(() => {
    setSelected(false);
    setEdited(null);
    setAsText(false);
  }, [place.value.query]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "e" || !event.ctrlKey || event.altKey || event.shiftKey || event.metaKey) return;
      event.preventDefault();
      setAsText((now) => !now);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  function back(): void {
    const last = asked.filters.at(-1);
    if (last && selected) ask(withoutFilter(asked, last));
    setSelected(last !== undefined && !selected);
  }

  function preset({ filters }: Preset): void {
    if (filters !== null) ask({ ...asked, filters });
  }

  function begin(line: string): void {
    box.current?.querySelector("input")?.focus();
    begun(box.current?.querySelector("input") ?? null, line);
  }

  const shared = { question: asked, rows, onPreset: preset, onPaste: askPasted };
  return (
    <div class={inSheet ? "bar in-sheet" : "bar"} role={inSheet ? undefined : "search"} aria-label={inSheet ? undefined : "Filters"}>
      <ViewsMenu onPreset={(chosen) => (chosen.filters === null ? begin("actor:") : preset(chosen))} />
      <div class="bar-box" ref={box}>
        {asText ? (
          <Entry
            {...shared}
            label="Filters as text"
            initial={format(asked)}
            onApply={(parsed) => {
              setAsText(false);
              askInstead(parsed);
            }}
            onCancel={() => setAsText(false)}
          />
        ) : (
          <>
            <ul class="chips" aria-label="Filters in force">
              {asked.filters.map((filter, at) =>
                edited === nameOf(filter) ? (
                  <li class="chip-entry" key={nameOf(filter)}>
                    <Edited filter={filter} shared={shared} onEnd={() => setEdited(null)} />
                  </li>
                ) : (
                  <Chip
                    key={nameOf(filter)}
                    filter={filter}
                    question={asked}
                    selected={selected && at === asked.filters.length - 1}
                    fault={faultOf(nameOf(filter))}
                    onEdit={() => setEdited(nameOf(filter))}
                  />
                ),
              )}
              {unknown(place.value.query).map(([name, value]) => (
                <Unknown key={`${name}=${value}`} name={name} value={value} />
              ))}
            </ul>
            <Entry {...shared} label="Filter or text" placeholder="filter or text…" onApply={askAlso} onBack={back} />
            <button type="button" class="plain" aria-label="Edit as text" title="Edit as text (Ctrl-E)" onClick={() => setAsText(true)}>
              <Icon node={TextCursorInput} />
            </button>
          </>
        )}
      </div>
      <RangeMenu fault={faultOf("range") ?? faultOf("from") ?? faultOf("to")} />
      {(faults.length > 0 || leftInWords.value !== null || selected) && (
        <p class="bar-note" role="status">
          {faults.map(([filter, fault]) => (
            <span class="error" key={nameOf(filter)}>
              {nameOf(filter)} {fault}.{" "}
            </span>
          ))}
          {selected && "Backspace again takes the last filter away. "}
          {leftInWords.value !== null && <Left />}
        </p>
      )}
    </div>
  );
}

type Shared = Pick<Parameters<typeof Entry>[0], "question" | "rows" | "onPreset" | "onPaste">;

/** A chip as text in its place. */
function Edited({ filter, shared, onEnd }: { filter: Filter; shared: Shared; onEnd: () => void }) {
  return (
    <Entry
      {...shared}
      label={`Edit ${filter.key} as text`}
      initial={formatFilter(filter)}
      onApply={(parsed) => {
        onEnd();
        askChanged(filter, parsed);
      }}
      onCancel={onEnd}
    />
  );
}

/** Writes into the field as if it were typed. */
function begun(field: HTMLInputElement | null, line: string): void {
  if (!field) return;
  field.value = line;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
