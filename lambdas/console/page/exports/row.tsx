import { CopyButton } from "../parts/copy.tsx";
import { say } from "../parts/toast.tsx";
import { ToVerify } from "../proof/to_verify.tsx";
import { href } from "../route.ts";
import { me } from "../session.ts";
import { clock, shortDay, zone } from "../zone.ts";
import { type Export, type File, cancel, download, failure, isUnderWay } from "./exports.ts";
import { FetchAll } from "./fetch.tsx";
import { askedInWords, bytesInWords, sortInWords, untilInWords, viewInWords, zoneInWords } from "./words.ts";

/** A filter with more values is short in the list, and whole where the export is chosen. */
const MOST_LISTED = 5;

/** One export of the list; the chosen one with its facts. */
export function ExportRow({ each, chosen }: { each: Export; chosen: boolean }) {
  const at = Date.parse(each.created_at);
  const several = (me.value?.environments.length ?? 0) > 1;
  return (
    <>
      <tr aria-current={chosen ? "true" : undefined}>
        <td class="when">
          {shortDay(at, zone.value)} {clock(at, zone.value).slice(0, 5)}
        </td>
        <td class="what">
          <a href={href("exports", chosen ? [] : [each.id])} aria-expanded={chosen}>
            <bdi>{askedInWords(each.filters, each.tz, chosen ? undefined : MOST_LISTED)}</bdi>
          </a>
          {several && <span class="soft"> · {each.environment}</span>}
          {!chosen && <span class="soft"> · {each.format.toUpperCase()}</span>}
        </td>
        <td class="number">
          {each.rows.toLocaleString("en")}
          <span class="unit"> rows</span>
        </td>
        <td class="export-state">
          <State each={each} />
        </td>
        <td class="done">
          <Actions each={each} />
        </td>
      </tr>
      {chosen && (
        <tr class="facts-row">
          <td colSpan={5}>
            <Facts each={each} />
          </td>
        </tr>
      )}
    </>
  );
}

function State({ each }: { each: Export }) {
  const expires = each.expires_at === null ? null : Date.parse(each.expires_at);
  if (each.status === "queued") return <>Waiting</>;
  if (each.status === "failed") return <span class="error">Failed</span>;
  if (each.status === "cancelled") return <span class="soft">Cancelled</span>;
  if (each.status === "running")
    return (
      <>
        <progress value={each.progress} aria-label="Progress" /> {Math.floor(each.progress * 100)} %
      </>
    );
  if (expires === null || expires <= Date.now()) return <span class="soft">Files deleted</span>;
  return (
    <>
      Ready · {bytesInWords(each.bytes)}
      <br />
      <span class="soft" title={each.expires_at ?? ""}>
        expires {untilInWords(expires, Date.now())}
      </span>
    </>
  );
}

function isThere(each: Export): boolean {
  return each.status === "succeeded" && each.expires_at !== null && Date.parse(each.expires_at) > Date.now();
}

function Actions({ each }: { each: Export }) {
  if (isUnderWay(each)) return <Act label="Cancel" what={`Cancel ${each.filename}`} act={() => cancel(each.id)} />;
  if (!isThere(each)) return null;
  const fetched = (file: File) => () => download(each.id, file);
  return (
    <>
      <Act main label="Download" what={`Download ${each.filename}`} act={fetched("download_url")} />{" "}
      <Act label="Manifest" what={`Manifest of ${each.filename}`} act={fetched("manifest_url")} />
      {each.evidence === "ready" && (
        <Act label="Evidence" what={`Evidence of ${each.filename}`} act={fetched("evidence_url")} />
      )}
      <a class="plain" href={href("verify")}>
        Verify
      </a>
      <Act label="Delete" what={`Delete the files of ${each.filename}`} act={() => cancel(each.id)} />
    </>
  );
}

interface Action {
  readonly label: string;
  readonly what: string;
  readonly act: () => Promise<void>;
  readonly main?: true;
}

function Act({ label, what, act, main }: Action) {
  return (
    <button
      type="button"
      class={main ? "button" : "plain"}
      aria-label={what}
      onClick={() => void act().catch((error: unknown) => say(failure(error)))}
    >
      {label}
    </button>
  );
}

function Facts({ each }: { each: Export }) {
  return (
    <dl class="export-facts">
      <dt>File</dt>
      <dd>
        <bdi>{each.filename}</bdi>
      </dd>
      <dt>Form</dt>
      <dd>
        {each.format.toUpperCase()}, {sortInWords(each.sort)}, {viewInWords(each.view)}, {zoneInWords(each.tz)}
      </dd>
      {isThere(each) && (
        <>
          <dt>Download</dt>
          <dd>
            <FetchAll each={each} />
          </dd>
        </>
      )}
      {each.sha256 !== null && (
        <>
          <dt>SHA-256</dt>
          <dd>
            <code>{each.sha256}</code> <CopyButton text={() => each.sha256 ?? ""} what="SHA-256" />
          </dd>
        </>
      )}
      {each.evidence !== null && (
        <>
          <dt>Evidence</dt>
          <dd>{each.evidence === "ready" ? "ready: a file of its own" : "follows once the log has sealed every row"}</dd>
        </>
      )}
      {each.error !== null && (
        <>
          <dt>Reason</dt>
          <dd class="error">{each.error}</dd>
        </>
      )}
      {each.status === "succeeded" && each.evidence === "ready" && <ToVerify each={each} />}
      {each.status === "succeeded" && each.evidence !== "ready" && (
        <>
          <dt>To verify</dt>
          <dd>Hold the file against the SHA-256 above. An export with evidence proves its rows: ask for one.</dd>
        </>
      )}
    </dl>
  );
}
