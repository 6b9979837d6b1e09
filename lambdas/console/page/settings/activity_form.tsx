import { useState } from "preact/hooks";

import { call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { catalogue } from "../catalogue.ts";
import { faultOf, useAction } from "./answer.ts";
import type { Activity } from "./catalogue.tsx";
import { Field, Wrong } from "./parts.tsx";
import { Template, piecesOf } from "./template.tsx";

type Variant = Activity["variants"][number];
type Origin = Activity["origin"];
type Kind = NonNullable<Activity["kind"]>;

const KINDS: readonly Kind[] = ["sign-in", "sign-out", "access-change", "deletion", "export", "configuration"];
const ORIGINS: Readonly<Record<Origin, string>> = { any: "anybody", user: "a person", system: "the system" };
const EMPTY: Variant = { variant: "default", when: "", template: "", params: [] };

interface Props {
  /** Null: a new one. */
  readonly activity: Activity | null;
  readonly onClose: () => void;
  readonly onDone: (name: string) => void;
}

/** The tenant's own definition of an activity. Each wording is previewed as it is typed. */
export function ActivityForm({ activity, onClose, onDone }: Props) {
  const [name, setName] = useState(activity?.activity ?? "");
  const [sent, setSent] = useState({
    category: activity?.category ?? "",
    component: activity?.component ?? "",
    event: activity?.event ?? "",
    origin: activity?.origin ?? ("any" as Origin),
    kind: activity?.kind ?? null,
    required_role: activity?.required_role ?? null,
    visibility: activity?.visibility ?? null,
    variants: activity?.variants ?? [EMPTY],
  });
  const action = useAction();
  const put = (change: Partial<typeof sent>): void => setSent({ ...sent, ...change });
  async function save(): Promise<void> {
    const body = {
      ...sent,
      component: sent.component || null,
      event: sent.event || null,
      variants: sent.variants.map((variant) => ({ ...variant, params: paramsOf(variant) })),
    };
    await call("PUT", `catalogue/${encodeURIComponent(name.trim())}`, { inEnvironment: false, body });
    onDone(name.trim());
  }
  const fault = (path: string): string | null => faultOf(action.problem, path);
  return (
    <Dialog title={activity ? `Change ${activity.activity}` : "New activity"} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(save);
        }}
      >
        {!activity && (
          <Field label="Name" hint="As products send it: invoice.approved" error={fault("activity")}>
            <input class="mono" required maxLength={128} spellcheck={false} value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </Field>
        )}
        <Field label="Category" error={fault("category")}>
          <input required maxLength={128} list="categories" value={sent.category} onInput={(event) => put({ category: event.currentTarget.value })} />
        </Field>
        <datalist id="categories">
          {catalogue.value?.categories.map((category) => <option key={category} value={category} />)}
        </datalist>
        <div class="pair">
          <Field label="Component" error={fault("component")}>
            <input maxLength={128} value={sent.component} onInput={(event) => put({ component: event.currentTarget.value })} />
          </Field>
          <Field label="Event" error={fault("event")}>
            <input maxLength={128} value={sent.event} onInput={(event) => put({ event: event.currentTarget.value })} />
          </Field>
        </div>
        <div class="pair">
          <Field label="Whose doing">
            <select value={sent.origin} onChange={(event) => put({ origin: event.currentTarget.value as Origin })}>
              {Object.entries(ORIGINS).map(([origin, text]) => (
                <option key={origin} value={origin}>
                  {text}
                </option>
              ))}
            </select>
          </Field>
          <Field label="Kind" hint="Presets go by it.">
            <select value={sent.kind ?? ""} onChange={(event) => put({ kind: (event.currentTarget.value || null) as Kind | null })}>
              <option value="">none of these</option>
              {KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {kind}
                </option>
              ))}
            </select>
          </Field>
        </div>
        {sent.variants.map((variant, at) => (
          <Wording
            key={at}
            variant={variant}
            several={sent.variants.length > 1}
            fault={fault(`variants[${at}]`)}
            onChange={(changed) => put({ variants: sent.variants.map((each, place) => (place === at ? changed : each)) })}
          />
        ))}
        <button
          type="button"
          class="plain"
          onClick={() => put({ variants: [...sent.variants, { ...EMPTY, variant: `wording-${sent.variants.length + 1}` }] })}
        >
          Another wording
        </button>
        {!action.problem?.errors.length && <Wrong problem={action.problem} />}
        {action.problem?.errors.length !== 0 && action.problem && <p class="error">{action.problem.detail}</p>}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button class="button main" disabled={!name.trim() || !sent.category.trim() || action.busy}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The parameters that the template names, each with the type that it had. */
export function paramsOf({ template, params }: Variant): Variant["params"] {
  const names = [...new Set(piecesOf(template).filter((piece) => piece.isParameter).map((piece) => piece.text))];
  return names.map((name) => params.find((param) => param.name === name) ?? { name, type: PEOPLE.has(name) ? "person" : "text" });
}

/** What profiles call a person. A name that is not sealed can't be forgotten. */
const PEOPLE: ReadonlySet<string> = new Set(["user", "assignee"]);

interface WordingProps {
  readonly variant: Variant;
  readonly several: boolean;
  readonly fault: string | null;
  readonly onChange: (variant: Variant) => void;
}

function Wording({ variant, several, fault, onChange }: WordingProps) {
  const params = paramsOf(variant);
  return (
    <fieldset>
      <legend>{several ? `Wording ${variant.variant}` : "Wording"}</legend>
      {several && (
        <Field label="Its name">
          <input class="mono" value={variant.variant} onInput={(event) => onChange({ ...variant, variant: event.currentTarget.value })} />
        </Field>
      )}
      <Field label="Template" hint="{amount} stands for the parameter amount. Empty: the sender's own words." error={fault}>
        <input value={variant.template} onInput={(event) => onChange({ ...variant, template: event.currentTarget.value })} />
      </Field>
      {variant.template && (
        <p class="preview">
          <span class="soft">Reads: </span>
          <Template template={variant.template} values={SAMPLES} />
        </p>
      )}
      {params.map((param) => (
        <label class="choice" key={param.name}>
          <input
            type="checkbox"
            checked={param.type === "person"}
            onChange={(event) => {
              const type = event.currentTarget.checked ? "person" : "text";
              onChange({ ...variant, params: params.map((each) => (each.name === param.name ? { ...each, type } : each)) });
            }}
          />{" "}
          <code>{param.name}</code> is a person, who can be forgotten
        </label>
      ))}
    </fieldset>
  );
}

/** What a preview shows for names that many templates have. */
const SAMPLES: Readonly<Record<string, string>> = { user: "jane.roe", assignee: "jane.roe", name: "Flight Scanner", amount: "1,250", number: "1042" };
