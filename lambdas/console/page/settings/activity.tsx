import type { ComponentChildren } from "preact";

import { copy } from "../parts/copy.tsx";
import { href } from "../route.ts";
import type { Activity } from "./catalogue.tsx";
import { Template } from "./template.tsx";

type Variant = Activity["variants"][number];

interface Props {
  readonly activity: Activity;
  /** How often in 30 days; null while that is not known. */
  readonly used: number | null;
  readonly children: ComponentChildren;
}

/** One activity: its names, rules, wordings, how often it is used, and an event to send. */
export function ActivityDetails({ activity, used, children }: Props) {
  const log = new URLSearchParams({ activity: activity.activity, range: "30d" });
  return (
    <details class="activity">
      <summary>
        <code>{activity.activity}</code>{" "}
        <span class="soft">
          <bdi>{activity.component}</bdi> · <bdi>{activity.event}</bdi>
        </span>
        {used !== null && <span class="used">{used ? `${used.toLocaleString("en")} in 30 days` : "not used"}</span>}
      </summary>
      <p class="soft">{rules(activity)}</p>
      <ul class="variants">
        {activity.variants.map((variant) => (
          <li key={variant.variant}>
            <WordedAs variant={variant} />
          </li>
        ))}
      </ul>
      <div class="row">
        {!!used && <a href={href("log", [], log)}>Its events</a>}
        {!activity.activity.startsWith("audit-log.") && (
          <button type="button" class="button" onClick={() => void copy(JSON.stringify(sampleOf(activity), null, 2), "Sample event")}>
            Copy a sample event
          </button>
        )}
      </div>
      {children}
    </details>
  );
}

function rules({ origin, kind, required_role, visibility }: Activity): string {
  const found = [
    origin === "any" ? "anybody's" : origin === "user" ? "a person's" : "the system's",
    kind && `kind: ${kind}`,
    required_role && `needs the role ${required_role}`,
    visibility && `only ${visibility} read it`,
  ];
  return found.filter(Boolean).join(" · ");
}

function WordedAs({ variant }: { variant: Variant }) {
  return (
    <>
      <span class="mono">{variant.variant}</span>{" "}
      {variant.template ? <Template template={variant.template} /> : <span class="soft">in the sender&apos;s own words</span>}
      {variant.when && <div class="soft">{variant.when}</div>}
      {variant.params.some((param) => param.type !== "text") && (
        <div class="soft">{variant.params.filter((param) => param.type !== "text").map((param) => `${param.name}: ${param.type}`).join(", ")}</div>
      )}
    </>
  );
}

/** An event of the first wording, as it may be sent. */
export function sampleOf(activity: Activity): Record<string, unknown> {
  const [variant] = activity.variants;
  const params = Object.fromEntries(
    (variant?.params ?? []).map(({ name, type }) => [
      name,
      type === "person" ? { user: "jane.roe" } : type === "event" ? { id: "the other event's id", occurred_at: new Date().toISOString() } : name,
    ]),
  );
  const isSystems = activity.origin === "system";
  return {
    id: "your own id, so that a retry is harmless",
    occurred_at: new Date().toISOString(),
    activity: activity.activity,
    ...(activity.variants.length > 1 ? { variant: variant?.variant } : {}),
    actor: isSystems ? { type: "system" } : { type: "user", username: "jane.roe", ...(activity.required_role ? { roles: [activity.required_role] } : {}) },
    ...(Object.keys(params).length ? { params } : {}),
    ...(variant?.template ? {} : { details: "What happened, in words" }),
  };
}
