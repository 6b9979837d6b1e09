import { signal } from "@preact/signals";

const text = signal("");
let timer = 0;

/** Tells the reader something in passing, screen readers politely. */
export function say(message: string): void {
  text.value = message;
  clearTimeout(timer);
  timer = setTimeout(() => (text.value = ""), 4000);
}

export function Toast() {
  return (
    <div class="toast" role="status">
      {text}
    </div>
  );
}
