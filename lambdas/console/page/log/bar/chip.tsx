import { TriangleAlert, X } from "lucide";

import { Icon } from "../../parts/icon.tsx";
import { Menu, MenuItem } from "../../parts/menu.tsx";
import { type Filter, type Question, toggled, withoutFilter, withoutValue } from "../../query.ts";
import { go, href, place } from "../../route.ts";
import { hidesOwn } from "../home.ts";
import { ask } from "../refine.ts";
import { called } from "./people.ts";
import { LABELS, filterInWords } from "./words.ts";

const MOST_SHOWN = 5;

interface Props {
  readonly filter: Filter;
  readonly question: Question;
  /** Backspace has been pressed once: the next one takes it away. */
  readonly selected: boolean;
  /** What the API says against it. */
  readonly fault: string | null;
  readonly onEdit: () => void;
}

/** A filter: its key, `is` or `is not`, its values, and a cross. */
export function Chip({ filter, question, selected, fault, onEdit }: Props) {
  const said = filterInWords(filter, called);
  const kind = `chip${fault === null ? "" : " bad"}${selected ? " selected" : ""}`;
  return (
    <li class={kind} title={fault ?? undefined}>
      {hidesOwn(filter) ? (
        <button type="button" class="chip-values" aria-label={`Edit: ${said}`} onClick={onEdit}>
          {said}
        </button>
      ) : (
        <Parts filter={filter} question={question} said={said} onEdit={onEdit} />
      )}
      {fault !== null && <span class="hidden-visually">{fault}</span>}
      <button type="button" class="chip-off" aria-label={`Remove: ${said}`} onClick={() => ask(withoutFilter(question, filter))}>
        <Icon node={X} />
      </button>
    </li>
  );
}

function Parts({ filter, question, said, onEdit }: { filter: Filter; question: Question; said: string; onEdit: () => void }) {
  const text = filter.key === "q";
  const shown = filter.values.map((value) => (text ? `‘${value}’` : called(value)));
  return (
    <>
      <span class="chip-key">{LABELS[filter.key]}</span>
      {text ? (
        <span class="chip-key">has</span>
      ) : (
        <button
          type="button"
          class="chip-is"
          aria-label={`${said}: make it ${filter.not ? "is" : "is not"}`}
          onClick={() => ask(toggled(question, filter))}
        >
          {filter.not ? "is not" : "is"}
        </button>
      )}
      {filter.values.length > MOST_SHOWN ? (
        <Many filter={filter} question={question} shown={shown} onEdit={onEdit} />
      ) : (
        <button type="button" class="chip-values" title={said.slice(0, 1000)} aria-label={`Edit: ${said}`} onClick={onEdit}>
          {shown.map((value, at) => (
            <span key={value}>
              {at > 0 && <span class="chip-or"> or </span>}
              <bdi>{value.slice(0, 200)}</bdi>
            </span>
          ))}
        </button>
      )}
    </>
  );
}

/** `any of 12 ▾`: the values in a menu, each of which can be taken away. */
function Many({ filter, question, shown, onEdit }: { filter: Filter; question: Question; shown: readonly string[]; onEdit: () => void }) {
  return (
    <Menu left class="chip-values" label={<>any of {shown.length} ▾</>}>
      <MenuItem onClick={onEdit}>Edit as text</MenuItem>
      {filter.values.map((value, at) => (
        <MenuItem key={value} onClick={() => ask(withoutValue(question, filter, value))}>
          <bdi class="chip-one">{shown[at]?.slice(0, 200)}</bdi>
          <span class="soft">take away</span>
        </MenuItem>
      ))}
    </Menu>
  );
}

/** A parameter that neither the page nor the API knows. It stays in the address until it is taken away. */
export function Unknown({ name, value }: { name: string; value: string }) {
  function off(): void {
    const query = new URLSearchParams(place.value.query);
    query.delete(name, value);
    go(href(place.value.page, place.value.parts, query));
  }
  return (
    <li class="chip warn" title="Nothing is filtered by it: there is no such filter">
      <Icon node={TriangleAlert} />
      <bdi class="chip-values">{`${name}=${value}`.slice(0, 200)}</bdi>
      <span class="chip-key">unknown, ignored</span>
      <button type="button" class="chip-off" aria-label={`Remove: ${name}`} onClick={off}>
        <Icon node={X} />
      </button>
    </li>
  );
}
