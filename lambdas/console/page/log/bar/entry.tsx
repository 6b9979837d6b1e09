import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Question } from "../../query.ts";
import type { NativeEvent } from "../reading.ts";
import { used } from "./asking.ts";
import { OptionList } from "./options.tsx";
import { type Pasted, pasted } from "./paste.ts";
import type { Preset } from "./presets.ts";
import { type Begun, type Option, type Options, type Part, beginnings, begunAt, completed, nameAt, valueOptions } from "./suggest.ts";
import { type Parsed, parse, quoted } from "./text.ts";
import { type Offer, isAsked, matching, named, offer } from "./values.ts";

const PAUSE_MS = 150;
/** Enter waits no longer for what a value can mean. */
const MOST_WAIT_MS = 1_000;
/** Before what may be a name, where the answers for keys have the key. */
const NAMES = "?";

/** The answer for a key and the letters behind it, `group:aud`. */
interface Offered {
  readonly name: string;
  readonly offer: Offer;
}

interface Props {
  /** The field's accessible name. */
  readonly label: string;
  readonly initial?: string;
  readonly placeholder?: string;
  readonly question: Question;
  /** The loaded events, whose values are offered. */
  readonly rows: () => readonly NativeEvent[];
  readonly onApply: (parsed: Parsed) => void;
  readonly onPreset: (preset: Preset) => void;
  readonly onPaste?: (found: Pasted & { kind: "address" }) => void;
  /** Given: the field edits something that stands, and Escape or leaving it gives up. */
  readonly onCancel?: () => void;
  /** Backspace in the empty field. */
  readonly onBack?: () => void;
}

/** The field of the filters: an editable combobox with a list (WAI-ARIA 1.2). Enter applies, Tab completes. */
export function Entry(props: Props) {
  const [draft, setDraft] = useState({ line: props.initial ?? "", cursor: (props.initial ?? "").length });
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [offered, setOffered] = useState<Offered | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const begun = useMemo(() => begunAt(draft.line, draft.cursor), [draft]);
  const name = nameAt(draft.line, begun);
  const wanted = begun.key !== null ? `${begun.key}:${begun.text}` : name && `${NAMES}${name.text}`;

  useEffect(() => {
    if (props.onCancel) field.current?.focus();
  }, []);
  useLayoutEffect(() => {
    if (document.activeElement === field.current) field.current?.setSelectionRange(draft.cursor, draft.cursor);
  }, [draft]);
  useEffect(() => {
    if (!open || wanted === null) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        void ask(abort.signal).then(
          (found) => !abort.signal.aborted && setOffered({ name: wanted, offer: found }),
          () => undefined,
        );
      },
      (begun.key === null || isAsked(begun.key)) && begun.text !== "" ? PAUSE_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [open, wanted]);

  const groups = open ? optionsFor(draft.line, begun, offered) : [];
  const options = groups.flatMap((group) => group.options);
  const chosen = options[active];

  function ask(signal: AbortSignal): Promise<Offer> {
    return begun.key === null ? named(name?.text ?? "", signal) : offer(begun.key, begun.text, props.question, props.rows(), signal);
  }

  function type(line: string, cursor = line.length): void {
    setDraft({ line, cursor });
    setActive(-1);
    setOpen(true);
  }

  function close(line = ""): void {
    setDraft({ line, cursor: line.length });
    setActive(-1);
    setOpen(false);
  }

  function put(text: string, at: Part = begun): string {
    return `${draft.line.slice(0, at.start)}${text}${draft.line.slice(at.end)}`;
  }

  function apply(line: string): void {
    if (/(?:^|\s)-?[a-z_]+!?:$/.test(line) && begun.key !== null) return setOpen(true);
    close(props.onCancel ? line : "");
    if (line.trim() || props.onCancel) props.onApply(parse(line));
  }

  /** As it is typed, or completed where only one value begins so: who types fast need not wait to see it. */
  async function enter(): Promise<void> {
    const { line } = draft;
    if (!open || begun.key === null || begun.text === "") return apply(line);
    const found = narrowed(begun, offered) ?? (await ask(AbortSignal.timeout(MOST_WAIT_MS)).catch(() => null));
    if (field.current?.value === line) apply((found && completed(line, begun, found)) ?? line);
  }

  function choose(option: Option): void {
    if (option.kind === "key") type(put(option.insert), begun.start + option.insert.length);
    else if (option.kind === "value") apply(put(option.insert, option.at));
    else if (option.kind === "text") apply(quoted(option.text));
    else if (option.preset.filters === null) type("actor:");
    else {
      close();
      props.onPreset(option.preset);
    }
    field.current?.focus();
  }

  function complete(): boolean {
    const option = chosen ?? options[0];
    if (!open || !option || begun.start === begun.end || (option.kind !== "key" && option.kind !== "value")) return false;
    const [text, at] = option.kind === "value" ? [`${option.insert} `, option.at] : [option.insert, begun];
    type(put(text, at), at.start + text.length);
    return true;
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const to = { ArrowDown: active + 1, ArrowUp: active < 0 ? options.length - 1 : active - 1 }[event.key];
    if (to !== undefined) {
      if (!open) setOpen(true);
      else setActive(to >= options.length ? -1 : to);
    } else if (event.key === "Enter") chosen ? choose(chosen) : void enter();
    else if (event.key === "Tab" && !event.shiftKey) {
      if (!complete()) return;
    } else if (event.key === "Escape") {
      if (open && options.length) setOpen(false);
      else if (props.onCancel) props.onCancel();
      else if (draft.line) close();
      else return field.current?.blur();
    } else if (event.key === "Backspace" && draft.line === "" && props.onBack) props.onBack();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function onPaste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const { selectionStart, selectionEnd } = event.target as HTMLInputElement;
    if (selectionEnd !== draft.line.length) return;
    const found = pasted(text, draft.line.slice(0, selectionStart ?? 0));
    if (found.kind === "text" || (found.kind === "address" && !props.onPaste)) return;
    event.preventDefault();
    close();
    if (found.kind === "address") props.onPaste?.(found);
    else props.onApply(found);
  }

  const list = `${id}-list`;
  return (
    <div class="entry">
      <input
        ref={field}
        type="text"
        role="combobox"
        aria-label={props.label}
        aria-expanded={options.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={chosen ? `${list}-${active}` : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder={props.placeholder}
        value={draft.line}
        onInput={(event) => type(event.currentTarget.value, event.currentTarget.selectionStart ?? event.currentTarget.value.length)}
        onClick={() => setOpen(true)}
        onFocus={() => props.initial === undefined && setOpen(true)}
        onBlur={() => (props.onCancel ? props.onCancel() : setOpen(false))}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <OptionList id={list} groups={groups} active={active} onChoose={choose} />
    </div>
  );
}

/** What was offered, as far as it begins so; null: it must be asked for. */
function narrowed({ key, text }: Begun, offered: Offered | null): Offer | null {
  if (key === null || !offered?.name.startsWith(`${key}:`)) return null;
  const asked = offered.name.slice(key.length + 1);
  if (asked === text) return offered.offer;
  // The first of many people are no beginning of all whose name begins so; the rest is offered whole.
  if (isAsked(key) || !text.startsWith(asked)) return null;
  return { ...offered.offer, values: matching(offered.offer.values, text) };
}

function optionsFor(line: string, begun: Begun, offered: Offered | null): Options[] {
  const { key } = begun;
  // What was offered for fewer letters stays until the answer for the present ones is there.
  const found = offered?.name.startsWith(key === null ? NAMES : `${key}:`) ? offered.offer : null;
  if (key === null) return beginnings(line, begun, used, matching(found?.values ?? [], nameAt(line, begun)?.text ?? ""));
  return found ? valueOptions({ ...begun, key }, found) : [];
}
