import { useEffect, useRef } from "preact/hooks";

import type { Option, Options } from "./suggest.ts";

interface Props {
  readonly id: string;
  readonly groups: readonly Options[];
  /** The place of the active option over all groups. */
  readonly active: number;
  readonly onChoose: (option: Option) => void;
}

/** The list under the field. It takes no focus: the field names the active option. */
export function OptionList({ id, groups, active, onChoose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active]);
  let place = 0;
  return (
    <div class="options" id={id} ref={box} role="listbox" aria-label="Suggestions" hidden={!groups.length} onMouseDown={(event) => event.preventDefault()}>
      {groups.map((group, at) => (
        <div key={group.name} role="group" aria-labelledby={`${id}-group-${at}`}>
          <div class="options-name" id={`${id}-group-${at}`} role="presentation">
            {group.name}
          </div>
          {group.options.map((option) => {
            const mine = place++;
            return (
              <div
                key={`${option.kind} ${option.label}`}
                class="option"
                id={`${id}-${mine}`}
                role="option"
                aria-selected={mine === active}
                onClick={() => onChoose(option)}
              >
                <bdi class="option-label">{option.label.slice(0, 300)}</bdi>
                {"hint" in option && option.hint !== "" && <bdi class="option-hint">{option.hint.slice(0, 120)}</bdi>}
                {option.kind === "key" && <code class="option-end">{option.insert}</code>}
                {option.kind === "value" && option.count !== undefined && (
                  <span class="option-end">{option.count.toLocaleString("en")}</span>
                )}
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
}
