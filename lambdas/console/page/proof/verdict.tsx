import { isOther, isPinned } from "../verify/pins.ts";
import { clock, day, offset, zone } from "../zone.ts";
import type { Checked } from "./check.ts";

/** The verdict in a few words. It is green where nothing that is shown was left out of the comparison. */
export function Verdict({ checked: { faults, key, compared } }: { checked: Checked }) {
  const failed = faults.filter((fault) => fault !== null).length;
  if (failed > 0) return <span class="bad">✗ {failed} of 4 checks failed</span>;
  if (key !== null && isOther(key)) return <span class="bad">✗ signed by another key than the one you pinned</span>;
  if (compared?.sealed.length) return <span class="warn">4 checks hold; {whatIsSealed(compared.sealed)} not opened yet</span>;
  if (key !== null && isPinned(key)) return <span class="good">✓ 4 checks passed</span>;
  return <span>4 checks hold, the key is not pinned</span>;
}

/** What the verdict means for the reader, before the steps that lead to it. */
export function InWords({ checked, onDisclose }: { checked: Checked; onDisclose: () => void }) {
  const { faults, key, compared, given } = checked;
  const at = Date.parse(given.content.received_at);
  const received = `${day(at, zone.value)} ${clock(at, zone.value)} ${offset(at, zone.value)}`;
  if (faults.some((fault) => fault !== null)) {
    return <p>Do not rely on this event: what is shown, or its proof, is not what the log recorded. The step that fails says why.</p>;
  }
  if (key !== null && isOther(key)) {
    return <p>Do not rely on this event: somebody other than the log that you know has signed for it.</p>;
  }
  if (compared?.sealed.length) {
    return (
      <>
        <p>
          Unchanged since Daybook received it, {received}: every field that names nobody. The log keeps {whatIsSealed(compared.sealed)} under
          seal: until you open it, what is shown of that is this house&apos;s word.
        </p>
        <p>
          <button type="button" class="button" onClick={onDisclose}>
            Open and compare
          </button>{" "}
          <span class="soft">The log records that this event&apos;s keys were handed out.</span>
        </p>
      </>
    );
  }
  return (
    <>
      <p>
        Unchanged since Daybook received it, {received}: every field that is shown here stands in the log.
        {key !== null && !isPinned(key) && " This house itself names the key that signed. Compare and pin it below to be sure."}
      </p>
      {compared !== null && compared.forgotten.length > 0 && (
        <p class="soft">Somebody is shown as forgotten, because there is no key any more: that is this house&apos;s word.</p>
      )}
    </>
  );
}

const LIST = new Intl.ListFormat("en-GB");

/** In the order in which a reader asks. Whatever stands at none of the first two may hold more than a name. */
function whatIsSealed(paths: readonly string[]): string {
  const [who, whom] = ["actor.", "target."].map((start) => paths.some((path) => path.startsWith(start)));
  const others = paths.some((path) => !/^(?:actor|target|context)\./.test(path));
  const parts = [who && "who did it", whom && "to whom", others && "parts of its texts"].filter((part) => typeof part === "string");
  return parts.length ? LIST.format(parts) : "where it came from";
}
