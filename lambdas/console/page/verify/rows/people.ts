/** An event's people, and the texts in which tokens stand for them. */

import type { Bytes } from "../bytes.ts";
import { NotGenuine } from "../errors.ts";
import type { Content } from "./canonical.ts";
import { opened, type Slot } from "./sealed.ts";

/** The first slots. */
export const USERNAME = 0;
export const NAME = 1;
export const EMAIL = 2;
export const CLIENT_ID = 3;
export const IP = 4;
export const USER_AGENT = 5;

const TOKEN = /~(?:~|([0-9]{1,6})\.([0-9]{1,6});)/g;
const WHOLE = /^~([0-9]{1,6})\.([0-9]{1,6});$/;
const MAX_DEPTH = 8;
/** A crafted event could stand for more text than fits into memory. */
const MAX_CHARACTERS = 16_000_000;

export type Keys = ReadonlyMap<string, Bytes>;

interface Person {
  readonly guid: string;
  readonly sealed: boolean;
  /** Null where there is no key, or nothing to open. */
  readonly slots: readonly Slot[] | null;
}

/** The cast of one event, opened with the keys that were given. Who has no key is closed. */
export class People {
  private characters = 0;

  private constructor(
    private readonly cast: readonly Person[],
    private readonly allKeysAreGiven: boolean,
    private readonly closedAs: string | null,
  ) {}

  /**
   * `keys` are the event's keys by GUID. Where all are given, whoever has none is forgotten. `closedAs` stands in texts
   * for people who are closed, instead of their GUIDs.
   */
  static async of(content: Content, keys: Keys, given: { allKeysAreGiven?: boolean; closedAs?: string } = {}): Promise<People> {
    const { allKeysAreGiven = true, closedAs = null } = given;
    const place = [content.tenant, content.environment, content.id];
    const people = content.people ?? [];
    const guids = new Set(people.map(({ id }) => id));
    if (guids.size !== people.length) throw new NotGenuine("a person is twice in the cast");
    for (const guid of keys.keys()) {
      if (!guids.has(guid)) throw new NotGenuine("there is a key of somebody who is not in the cast");
    }
    const cast = people.map(async ({ id: guid, sealed }): Promise<Person> => {
      const key = keys.get(guid);
      const slots = key === undefined || sealed === undefined ? null : await opened(sealed, key, [...place, guid]);
      return { guid, sealed: sealed !== undefined, slots };
    });
    return new People(await Promise.all(cast), allKeysAreGiven, closedAs);
  }

  /** GUIDs of those whose fields are sealed, without a key that opens them. */
  get closed(): string[] {
    return this.cast.filter(({ sealed, slots }) => sealed && slots === null).map(({ guid }) => guid);
  }

  /** Null where it can't be told. */
  isForgotten(guid: string): boolean | null {
    const person = this.find(guid);
    if (person.slots !== null) return false;
    return this.allKeysAreGiven || !person.sealed ? true : null;
  }

  /** The text of a person's slot. Null where it is absent or the person is closed. */
  field(guid: string, slot: number): string | null {
    const value = this.find(guid).slots?.[slot] ?? null;
    if (typeof value === "number") throw new NotGenuine("a person's field is no text");
    return value === null ? null : String(this.read(value, 0));
  }

  /** A text in which tokens stand for people, as it was sent. */
  text(value: string): string {
    return String(this.read(value, 0));
  }

  /** As `text`. A text that is one token stands for the slot's value, which may be a number. */
  value<Other>(value: string | Other): string | number | Other {
    return typeof value === "string" ? this.read(value, 0) : value;
  }

  private find(guid: string): Person {
    const person = this.cast.find((each) => each.guid === guid);
    if (person === undefined) throw new NotGenuine("somebody is not in the cast");
    return person;
  }

  private read(text: string, depth: number): string | number {
    if (!text.includes("~")) return text;
    if (depth > MAX_DEPTH) throw new NotGenuine("tokens stand within tokens without end");
    const whole = WHOLE.exec(text);
    if (whole !== null) return this.token(whole[1]!, whole[2]!, depth);
    if (text.replace(TOKEN, "").includes("~")) throw new NotGenuine("a token is misspelt");
    return text.replace(TOKEN, (_, person: string | undefined, slot: string) =>
      person === undefined ? "~" : String(this.token(person, slot, depth)),
    );
  }

  private token(number: string, slot: string, depth: number): string | number {
    const person = this.cast[Number(number)];
    if (person === undefined) throw new NotGenuine("a token is of somebody who is not in the cast");
    const closed = person.sealed ? (this.closedAs ?? person.guid) : person.guid;
    const value = person.slots === null ? closed : (person.slots[Number(slot)] ?? null);
    if (value === null) throw new NotGenuine("a token is of an absent slot");
    const shown = person.slots !== null && typeof value === "string" ? this.read(value, depth + 1) : value;
    this.characters += String(shown).length;
    if (this.characters > MAX_CHARACTERS) throw new NotGenuine("tokens stand for too much text");
    return shown;
  }
}
