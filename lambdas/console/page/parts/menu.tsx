import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  /** What the button shows. */
  readonly label: ComponentChildren;
  /** The button's accessible name, where `label` is an icon alone. */
  readonly name?: string;
  readonly left?: boolean;
  readonly class?: string;
  /** `MenuItem`s, or anything else. They are rendered while the menu is open alone. */
  readonly children: ComponentChildren;
}

/** A button that opens a menu (WAI-ARIA's menu button): arrows move, Escape closes, so does a click elsewhere. After a
 * choice the button has the focus, unless the choice has moved it.
 */
export function Menu({ label, name, left, class: kind = "plain", children }: Props) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return undefined;
    items(box.current)[0]?.focus();
    const away = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);

  function onKeyDown(event: KeyboardEvent): void {
    if (!open) return;
    const all = items(box.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") {
      setOpen(false);
      button.current?.focus();
    } else if (to !== undefined && all.length) all[(to + all.length) % all.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function onChosen(): void {
    setOpen(false);
    if (box.current?.contains(document.activeElement)) button.current?.focus();
  }

  return (
    <div class="menu" ref={box} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        class={kind}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={name}
        onClick={() => setOpen(!open)}
      >
        {label}
      </button>
      {open && (
        <div class={left ? "menu-list left" : "menu-list"} role="menu" onClick={onChosen}>
          {children}
        </div>
      )}
    </div>
  );
}

function items(box: HTMLElement | null): HTMLElement[] {
  return [...(box?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
}

interface ItemProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly href?: string;
  /** Given: the item is one of several choices. */
  readonly checked?: boolean;
}

export function MenuItem({ children, onClick, href, checked }: ItemProps) {
  if (href !== undefined)
    return (
      <a class="menu-item" role="menuitem" tabIndex={-1} href={href}>
        {children}
      </a>
    );
  return (
    <button
      type="button"
      class="menu-item"
      role={checked === undefined ? "menuitem" : "menuitemradio"}
      aria-checked={checked}
      tabIndex={-1}
      onClick={onClick}
    >
      {checked !== undefined && <span aria-hidden="true">{checked ? "●" : "○"}</span>}
      {children}
    </button>
  );
}
