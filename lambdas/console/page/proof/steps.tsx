import type { ComponentChildren } from "preact";

import { address } from "../api.ts";
import { CopyButton } from "../parts/copy.tsx";
import { curl } from "../parts/shell.ts";
import { chosenTenant } from "../session.ts";
import { fromUtf8, hex, toBase64 } from "../verify/bytes.ts";
import { commandFor } from "../verify/command.ts";
import { type Checked, type Fault, partsOf } from "./check.ts";
import { PinnedKey } from "./pinned_key.tsx";

/** The four steps with their values, the key, and how to do the same without this page. */
export function Steps({ checked }: { checked: Checked }) {
  const { given, leaf, folds, signed, key, faults, compared } = checked;
  const { checkpoint, inclusion } = given;
  const canonical = fromUtf8(given.canonical) ?? "";
  return (
    <>
      <ol class="steps">
        <Step fault={faults[0]} title="The event's bytes hash to the leaf">
          <Value label={`${given.canonical.length} bytes`} of={canonical} what="canonical bytes" />
          <Value label="Leaf" of={hex(leaf)} what="leaf" />
        </Step>
        <Step fault={faults[1]} title="The log's entry has the event's id, its time of receipt and this leaf">
          <Value label={`Entry ${inclusion.index}`} of={partsOf(given).join(" ")} what="entry" />
          <p class="soft">kind, id, {given.content.received_at} in milliseconds, leaf</p>
        </Step>
        <Step fault={faults[2]} title={`The entry leads to the root of the log at ${checkpoint.size.toLocaleString("en")} entries`}>
          <ol class="folds">
            {folds.map(({ sibling, isLeft, hash }) => (
              <li key={hex(hash)}>
                <code>
                  {isLeft ? `${short(sibling)} + ·` : `· + ${short(sibling)}`} → {short(hash)}
                </code>
              </li>
            ))}
          </ol>
          <Value label="Root" of={toBase64(checkpoint.root)} what="root" />
        </Step>
        <Step fault={faults[3]} title={`The log's key signed this root, and what is shown stands in the bytes${compared?.sealed.length ? ", as far as it is not sealed" : ""}`}>
          <Value label="Checkpoint" of={inclusion.note.trimEnd()} what="checkpoint" />
          <Shown checked={checked} />
        </Step>
      </ol>
      {signed !== null && key !== null && <PinnedKey signer={key} />}
      <Elsewhere checked={checked} />
    </>
  );
}

const short = (hash: Uint8Array): string => `${hex(hash).slice(0, 12)}…`;

function Step({ fault, title, children }: { fault: Fault; title: string; children: ComponentChildren }) {
  return (
    <li>
      <details open={fault !== null}>
        <summary>
          <span class={fault === null ? "good" : "bad"} aria-hidden="true">
            {fault === null ? "✓" : "✗"}
          </span>{" "}
          <span class="hidden-visually">{fault === null ? "Holds: " : "Fails: "}</span>
          {title}
        </summary>
        {fault !== null && <p class="bad">{fault}</p>}
        {children}
      </details>
    </li>
  );
}

function Value({ label, of, what }: { label: string; of: string; what: string }) {
  return (
    <div class="proof-value">
      <span class="soft">{label}</span> <CopyButton text={() => of} what={what} />
      <pre tabIndex={0}>{of.length > 2048 ? `${of.slice(0, 2048)}…` : of}</pre>
    </div>
  );
}

/** How much of what the drawer shows could be compared. */
function Shown({ checked: { compared } }: { checked: Checked }) {
  if (compared === null) return null;
  const { same, sealed } = compared;
  return (
    <p>
      {same} fields that are shown stand in the bytes.
      {sealed.length > 0 && ` Of ${sealed.length} more, what they say of people is sealed: ${sealed.join(", ")}.`}
    </p>
  );
}

function Elsewhere({ checked: { text, given, key } }: { checked: Checked }) {
  const { id, environment } = given.content;
  const command = commandFor({ files: { proof: { name: "proof.json" } }, keys: key ? [key.line] : [], cosigners: [] });
  const url = new URL(address(`events/${id}/proof`, { query: { environment } }), location.href).href;
  const whole = `${curl(url, { tenant: chosenTenant.value })} > proof.json\n${command}`;
  return (
    <>
      <p>This page comes from the party that is being checked. To be sure, run:</p>
      <pre tabIndex={0}>{whole}</pre>
      <CopyButton text={() => whole} what="Command" label="Copy command" />
      <CopyButton text={() => text} what="Proof" label="Copy proof" />
    </>
  );
}
