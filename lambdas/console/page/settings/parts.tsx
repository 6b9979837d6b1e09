import type { ComponentChildren } from "preact";

import type { Problem } from "../api.ts";

/** A section of the settings: its title, what it is in a sentence, and its contents. */
export function Section(props: { title: string; intro?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="setting" aria-label={props.title}>
      <header class="setting-head">
        <h2 class="title">{props.title}</h2>
        {props.actions}
      </header>
      {props.intro && <p class="soft setting-intro">{props.intro}</p>}
      {props.children}
    </section>
  );
}

export function Wrong({ problem }: { problem: Problem | null }) {
  if (problem === null) return null;
  return (
    <p class="error" role="alert">
      {problem.detail}
    </p>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly error?: string | null | undefined;
  readonly children: ComponentChildren;
}

export function Field({ label, hint, error, children }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small>{hint}</small>}
      {error && (
        <small class="error" role="alert">
          {error}
        </small>
      )}
    </label>
  );
}

/** A few rows of nothing while an answer is awaited. */
export function Waiting() {
  return <p class="soft" aria-busy="true">Reading…</p>;
}
