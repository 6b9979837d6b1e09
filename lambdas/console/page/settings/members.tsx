import { useEffect, useId, useRef, useState } from "preact/hooks";

import { type Schema, get } from "../api.ts";

type Found = Schema["ActorPage"]["actors"][number];

const DEBOUNCE_MS = 150;

interface Props {
  readonly label: string;
  readonly names: readonly string[];
  readonly onChange: (names: readonly string[]) => void;
}

/** People as tokens: typed with offers from the log, or pasted, one a line or with commas between them. */
export function People({ label, names, onChange }: Props) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<readonly Found[]>([]);
  const [at, setAt] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => {
    setAt(-1);
    if (!text.trim()) {
      setFound([]);
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      const query = { q: text.trim(), limit: "8" };
      get<Schema["ActorPage"]>("actors", { query, signal: abort.signal, once: true }).then(
        (page) => setFound(page.actors),
        () => undefined,
      );
    }, DEBOUNCE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  const offers = found.filter((one) => !names.includes(one.username));

  function add(given: readonly string[]): void {
    onChange([...new Set([...names, ...given.map((name) => name.trim()).filter(Boolean)])]);
    setText("");
    setFound([]);
    field.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && offers.length) setAt((at + step + offers.length + 1) % (offers.length + 1));
    else if (event.key === "Enter" && text.trim()) add([offers[at]?.username ?? text]);
    else if (event.key === "Escape" && found.length) setFound([]);
    else if (event.key === "Backspace" && !text && names.length) onChange(names.slice(0, -1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function onPaste(event: ClipboardEvent): void {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    const parts = pasted.split(/[\n\r,;]+/);
    if (parts.length < 2) return;
    event.preventDefault();
    add(parts);
  }

  const picked = offers[at];
  return (
    <div class="field">
      <span id={`${list}-label`}>{label}</span>
      <div class="tokens" onClick={() => field.current?.focus()}>
        {names.map((name) => (
          <span class="token" key={name}>
            <bdi>{name}</bdi>
            <button type="button" aria-label={`Take ${name} out`} onClick={() => onChange(names.filter((each) => each !== name))}>
              ×
            </button>
          </span>
        ))}
        <input
          ref={field}
          role="combobox"
          aria-labelledby={`${list}-label`}
          aria-expanded={offers.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={picked ? `${list}-${at}` : undefined}
          autocomplete="off"
          spellcheck={false}
          placeholder={names.length ? "" : "A name, or paste many"}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
      </div>
      <ul id={list} class="offers" role="listbox" aria-label="People" hidden={!offers.length}>
        {offers.map((one, place) => (
          <li key={one.id} id={`${list}-${place}`} role="option" aria-selected={place === at} onPointerDown={(event) => event.preventDefault()} onClick={() => add([one.username])}>
            <bdi>{one.username}</bdi> {one.name !== null && <bdi class="soft">{one.name}</bdi>}
          </li>
        ))}
      </ul>
    </div>
  );
}
