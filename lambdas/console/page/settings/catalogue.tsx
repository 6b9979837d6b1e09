import { useState } from "preact/hooks";

import { type Schema, call } from "../api.ts";
import { type Catalogue, catalogue, readCatalogue } from "../catalogue.ts";
import { say } from "../parts/toast.tsx";
import { may } from "../session.ts";
import { ActivityForm } from "./activity_form.tsx";
import { ActivityDetails } from "./activity.tsx";
import { useAction, useAnswer } from "./answer.ts";
import { Mode } from "./mode.tsx";
import { Section, Waiting, Wrong } from "./parts.tsx";

export type Activity = Catalogue["activities"][number];

export function CataloguePage() {
  const known = catalogue.value;
  const changes = may("admin", "operations");
  const [text, setText] = useState("");
  const [open, setOpen] = useState<Activity | "new" | null>(null);
  const used = useAnswer<Schema["Stats"]>("stats", { query: { by: "activity", range: "30d", interval: "none" } });
  const counts = used.value === null ? null : new Map(used.value.buckets.map((bucket) => [String(bucket.key), bucket.count]));
  if (known === null) {
    return (
      <Section title="Catalogue">
        <Waiting />
      </Section>
    );
  }
  const found = known.activities.filter((activity) => matches(activity, text.trim().toLowerCase()));
  const categories = known.categories.filter((category) => found.some((activity) => activity.category === category));
  return (
    <Section
      title="Catalogue"
      intro={`The ${known.activities.length.toLocaleString("en")} activities of this log: what they are called, and how their details are worded.`}
      actions={
        changes && (
          <button type="button" class="button" onClick={() => setOpen("new")}>
            New activity…
          </button>
        )
      }
    >
      <Mode mode={known.mode} changes={changes} />
      <input
        type="search"
        class="search"
        aria-label="Search the catalogue"
        placeholder="Search activities"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {found.length === 0 && <p>No activity has this in its name or its words.</p>}
      {categories.map((category) => (
        <details key={category} open={text !== "" || undefined} class="category">
          <summary>
            <bdi>{category}</bdi> <span class="soft">{found.filter((activity) => activity.category === category).length}</span>
          </summary>
          <ul class="activities">
            {found
              .filter((activity) => activity.category === category)
              .map((activity) => (
                <li key={activity.activity}>
                  <ActivityDetails activity={activity} used={counts && (counts.get(activity.activity) ?? 0)}>
                    {changes && !activity.activity.startsWith("audit-log.") && <Change activity={activity} onEdit={() => setOpen(activity)} />}
                  </ActivityDetails>
                </li>
              ))}
          </ul>
        </details>
      ))}
      {open !== null && (
        <ActivityForm
          activity={open === "new" ? null : open}
          onClose={() => setOpen(null)}
          onDone={(name) => {
            setOpen(null);
            void readCatalogue();
            say(`${name} is in the catalogue for events from now on`);
          }}
        />
      )}
    </Section>
  );
}

function matches(activity: Activity, text: string): boolean {
  const words = [activity.activity, activity.component, activity.event, ...activity.variants.map((variant) => variant.template)];
  return words.some((each) => each.toLowerCase().includes(text));
}

/** An own activity can be taken back: then the profile's own applies again, if there is one. */
function Change({ activity, onEdit }: { activity: Activity; onEdit: () => void }) {
  const action = useAction();
  async function takeBack(): Promise<void> {
    await call("DELETE", `catalogue/${encodeURIComponent(activity.activity)}`, { inEnvironment: false });
    await readCatalogue();
    say(`The tenant's own ${activity.activity} is taken back`);
  }
  return (
    <>
      <div class="row">
        <button type="button" class="button" onClick={onEdit}>
          Change…
        </button>
        <button type="button" class="plain" disabled={action.busy} onClick={() => void action.run(takeBack)}>
          Take back
        </button>
      </div>
      {action.problem?.status === 404 ? <p class="soft">It is the product&apos;s own, so there is nothing to take back.</p> : <Wrong problem={action.problem} />}
    </>
  );
}
