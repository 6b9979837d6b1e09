/** The lines of an exported file, rendered anew from canonical bytes and keys. */

import { isEncodable } from "../bytes.ts";
import { CannotTell, NotGenuine } from "../errors.ts";
import type { Fields } from "../strict.ts";
import { ALIASES, type Aliases } from "./aliases.ts";
import type { Content } from "./canonical.ts";
import * as csv from "./csv.ts";
import { ViewNames } from "./names.ts";
import { aliasOf, type Native, nativeOf } from "./native.ts";
import type { People } from "./people.ts";
import { couldBeCalled, inZone, type Moment } from "./times.ts";
import { type Column, VIEWS } from "./views.ts";

const FIELDS = (
  "id client_id sender tenant environment occurred_at received_at activity component event category variant origin" +
  " status actor source target params details people changes context caused_by adjusted"
).split(" ");
const MARK = "\ufeff";

/** Renders the lines of the file that a manifest describes. */
export class Renderer {
  /** What stands before the first row. */
  readonly header: string;
  /**
   * Where in a line the tz database's name of an offset stands, which no browser knows; it is 1 to 6 letters or a number.
   * Null where no line has one, or where it is known.
   */
  readonly abbreviationAt: number | null;
  private readonly columns: readonly Column[] | null;
  private readonly isCsv: boolean;
  private readonly moment: (time: string) => Moment;
  private readonly aliases: Aliases;
  private readonly names: ViewNames;
  private readonly tenantName: string;

  /** CannotTell where the manifest lacks a field, or has a view, format, profile or zone that is unknown here. */
  constructor(manifest: Fields) {
    const [view, format] = [text(manifest, "view"), text(manifest, "format")];
    const aliases = ALIASES.get(text(manifest, "tenant_profile"));
    const columns = view === "native" ? null : VIEWS.get(view);
    if (columns === undefined || aliases === undefined || !["csv", "ndjson"].includes(format)) {
      throw new CannotTell("the manifest names a view, format or profile that this version does not know");
    }
    const zone = text(manifest, "tz");
    this.columns = columns;
    this.isCsv = format === "csv";
    this.moment = inZone(zone);
    this.aliases = aliases;
    this.names = new ViewNames(aliases);
    this.tenantName = text(manifest, "tenant_name");
    const labels = columns?.map(([label]) => label) ?? FIELDS;
    this.header = this.isCsv ? (manifest["mark"] === true ? MARK : "") + csv.line(labels) : "";
    const hasName = view === "enate" && zone !== "UTC";
    this.abbreviationAt = hasName ? (this.isCsv ? 0 : '{"Timestamp":"'.length) + "2026/11/22 16:31:07 ".length : null;
  }

  /**
   * The line of an event, with its end. `abbreviation`: what the file has where `abbreviationAt` says. NotGenuine where it
   * can't be that of the event's time.
   */
  line(content: Content, people: People, abbreviation = "GMT"): string {
    const event = nativeOf(content, people, this.aliases);
    if (this.columns === null) {
      return this.isCsv ? csv.line(Object.values(event).map(cellOf)) : `${json(event)}\n`;
    }
    const moment = this.moment(event.occurred_at);
    if (this.abbreviationAt !== null && !couldBeCalled(abbreviation, moment)) {
      throw new NotGenuine(`event ${event.id}: no time zone is called as the file says`);
    }
    const shown = {
      event,
      alias: aliasOf(content.actor, people, this.aliases),
      moment,
      abbreviation,
      names: this.names,
      tenantName: this.tenantName,
    };
    const cells = this.columns.map(([label, value]) => [label, value(shown)] as const);
    return this.isCsv ? csv.line(cells.map(([, cell]) => cell)) : `${json(new Map(cells))}\n`;
  }
}

export const nativeJson = (event: Native): string => json(event);

function text(manifest: Fields, name: string): string {
  const value = manifest[name];
  if (typeof value !== "string" || !isEncodable(value)) throw new CannotTell(`the manifest has no text ${name}`);
  return value;
}

const cellOf = (value: unknown): string => (value === null ? "" : typeof value === "string" ? value : json(value));

/** Compact, with the members in their own order. */
function json(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)] : Object.entries(value);
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${json(each)}`).join(",")}}`;
}
