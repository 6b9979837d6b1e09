import { useState } from "preact/hooks";

import { Problem, type Schema, call } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { ShownOnce } from "../settings/shown_once.tsx";

type Tenant = Schema["TenantDescription"];

const PRODUCTS: readonly Schema["NewTenant"]["profile"][] = ["generic", "carear", "chat", "enate", "jiffy", "symbee"];

interface Props {
  readonly onMade: (tenant: Tenant) => void;
  readonly onClose: () => void;
}

/** Makes a tenant and, in the same step, the key with which its admin signs in: shown once. */
export function NewTenant({ onMade, onClose }: Props) {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const [profile, setProfile] = useState<Schema["NewTenant"]["profile"]>("generic");
  const [environments, setEnvironments] = useState("prod");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [waiting, setWaiting] = useState(false);
  const [key, setKey] = useState<Schema["CreatedKey"] | null>(null);
  const tenant = slug ?? slugOf(name);

  async function make(): Promise<void> {
    setWaiting(true);
    setProblem(null);
    const body = { tenant, name, profile, environments: environments.split(/[\s,]+/).filter(Boolean), audit_since: null };
    try {
      onMade(await call<Tenant>("POST", "tenants", { body, inEnvironment: false, tenant: null }));
      setKey(await firstKey(tenant));
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(0, "unknown", "The service was not reached.", [], null));
    }
    setWaiting(false);
  }

  if (key !== null) return <ShownOnce created={key} onClose={onClose} />;
  return (
    <Dialog title="Create a tenant" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <Field label="Name" value={name} set={setName} problem={problem} path="name" />
        <Field
          label="Tenant"
          hint="Its name in addresses and calls: a-z, 0-9 and -. It cannot be changed later."
          value={tenant}
          set={setSlug}
          problem={problem}
          path="tenant"
        />
        <label class="field">
          <span>Product</span>
          <select value={profile} onChange={(event) => setProfile(event.currentTarget.value as typeof profile)}>
            {PRODUCTS.map((product) => (
              <option key={product}>{product}</option>
            ))}
          </select>
          <small>Its activities, columns and retention. It cannot be changed later.</small>
        </label>
        <Field
          label="Environments"
          hint="The first is the one that calls mean which name none. More can be added later."
          value={environments}
          set={setEnvironments}
          problem={problem}
          path="environments"
        />
        {problem !== null && (
          <p class="error" role="alert">
            {problem.detail}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={waiting || !name || !tenant}>
            Create
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The key of an admin. It is asked for in the tenant's own path, whatever tenant the page shows. */
async function firstKey(tenant: string): Promise<Schema["CreatedKey"]> {
  const body = { role: "admin", label: "The first admin", environment: "*" };
  return await call("POST", `tenants/${tenant}/keys`, { body, inEnvironment: false, tenant: null });
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly problem: Problem | null;
  readonly path: string;
}

function Field({ label, hint, value, set, problem, path }: FieldProps) {
  const wrong = problem?.errors.find((error) => error.path === path || error.path.startsWith(`${path}[`));
  return (
    <label class="field">
      <span>{label}</span>
      <input
        value={value}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={wrong !== undefined}
        onInput={(event) => set(event.currentTarget.value)}
      />
      {wrong ? <small class="error">{wrong.message}</small> : hint !== undefined && <small>{hint}</small>}
    </label>
  );
}

/** `Acme & Söhne GmbH` → `acme-sohne-gmbh` */
function slugOf(name: string): string {
  const plain = name.normalize("NFD").toLowerCase();
  return plain.replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 39);
}
