import { say } from "./toast.tsx";

export async function copy(text: string, what: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  say(`${what} copied`);
}

/** A button that copies `text`. `what` names it: "Link". */
export function CopyButton({ text, what, label = "Copy" }: { text: () => string; what: string; label?: string }) {
  return (
    <button type="button" class="plain" aria-label={`Copy ${what}`} onClick={() => void copy(text(), what)}>
      {label}
    </button>
  );
}
