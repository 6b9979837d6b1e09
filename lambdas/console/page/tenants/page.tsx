import "./tenants.css";

import { useEffect, useState } from "preact/hooks";

import { type Schema, get } from "../api.ts";
import { homeQuery } from "../log/home.ts";
import { useTitle } from "../parts/title.ts";
import { encode } from "../route.ts";
import { chosenTenant, credential } from "../session.ts";
import { shortDay, zone } from "../zone.ts";
import { NewTenant } from "./new_tenant.tsx";

type Tenant = Schema["TenantDescription"];

/** `#/tenants`: operations choose the tenant whose log they read, or make one. */
export function TenantsPage() {
  useTitle("Tenants");
  const [tenants, setTenants] = useState<readonly Tenant[] | null>(null);
  const [wanted, setWanted] = useState("");
  const [making, setMaking] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    const options = { signal: abort.signal, inEnvironment: false, tenant: null } as const;
    get<Schema["TenantList"]>("tenants", options).then(({ tenants }) => setTenants(tenants), () => undefined);
    return () => abort.abort();
  }, [credential.value]);
  const shown = (tenants ?? []).filter((tenant) => matches(tenant, wanted));
  return (
    <div class="column" aria-busy={tenants === null}>
      <div class="tenants-head">
        <h1>Tenants</h1>
        <input
          type="search"
          aria-label="Find a tenant"
          placeholder="Find a tenant"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button type="button" class="button" onClick={() => setMaking(true)}>
          Create a tenant
        </button>
      </div>
      {tenants !== null && shown.length === 0 && <p class="soft">{wanted ? `No tenant is called ${wanted}.` : "There is none yet."}</p>}
      {shown.length > 0 && <Table tenants={shown} />}
      {making && (
        <NewTenant
          onMade={(tenant) => setTenants((former) => [...(former ?? []), tenant])}
          onClose={() => setMaking(false)}
        />
      )}
    </div>
  );
}

function Table({ tenants }: { tenants: readonly Tenant[] }) {
  return (
    <table class="plain-table tenants">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Tenant</th>
          <th scope="col">Product</th>
          <th scope="col">Environments</th>
          <th scope="col">Made</th>
        </tr>
      </thead>
      <tbody>
        {tenants.map((tenant) => (
          <tr key={tenant.tenant} aria-current={tenant.tenant === chosenTenant.value ? "true" : undefined}>
            <th scope="row">
              <a href={logOf(tenant.tenant)}>
                <bdi>{tenant.name}</bdi>
              </a>
            </th>
            <td>
              <code>{tenant.tenant}</code>
            </td>
            <td>{tenant.profile}</td>
            <td>{tenant.environments.join(", ")}</td>
            <td>{shortDay(Date.parse(tenant.created_at), zone.value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The tenant's log. The environment of the one before may not exist in it. */
export function logOf(tenant: string): string {
  const query = homeQuery();
  query.set("tenant", tenant);
  return `#/log?${encode(query)}`;
}

function matches(tenant: Tenant, wanted: string): boolean {
  const text = `${tenant.name} ${tenant.tenant} ${tenant.profile}`.toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
