import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

/** A modal dialog. Escape asks to close; the browser keeps the focus in it, and gives it back at its end. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = box.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={box}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      // Browsers close a dialog at the second Escape, whatever the page says to the first.
      onClose={() => {
        if (!box.current) return;
        props.onClose();
        setTimeout(() => box.current?.showModal());
      }}
    >
      <h2 class="title" id={id}>
        {props.title}
      </h2>
      {props.children}
    </dialog>
  );
}
