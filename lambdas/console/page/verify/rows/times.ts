/** How the views write an event's time. Months are written in English whatever the reader's language is. */

import { CannotTell } from "../errors.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time as clocks of a zone show it. */
export interface Moment {
  /** The clock's time as if it were UTC. */
  readonly clock: Date;
  /** How far the clock is ahead of UTC, in seconds. */
  readonly ahead: number;
}

/** Turns an event's `occurred_at` into the time of a zone. CannotTell for a zone that the browser does not know. */
export function inZone(zone: string): (time: string) => Moment {
  if (zone === "UTC") return (time) => ({ clock: new Date(time), ahead: 0 });
  let format: Intl.DateTimeFormat;
  try {
    if (!/^[A-Za-z]/.test(zone)) throw new RangeError();
    const numeric = "numeric";
    format = new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
      timeZone: zone,
      hourCycle: "h23",
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  } catch {
    throw new CannotTell(`there is no time zone ${JSON.stringify(zone)} in this browser`);
  }
  return (time) => {
    const ms = Date.parse(time);
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of format.formatToParts(ms)) parts[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute, second } = parts;
    if (year > 9999) throw new CannotTell(`${time} is on no calendar in the time zone ${zone}`);
    const whole = Date.UTC(year, month - 1, day, hour, minute, second);
    const fraction = ((ms % 1000) + 1000) % 1000;
    return { clock: new Date(whole + fraction), ahead: (whole - (ms - fraction)) / 1000 };
  };
}

const two = (value: number): string => String(value).padStart(2, "0");

export function iso({ clock, ahead }: Moment): string {
  const local = clock.toISOString();
  if (ahead === 0) return local;
  const size = Math.abs(ahead);
  const seconds = size % 60 === 0 ? "" : `:${two(size % 60)}`;
  const offset = `${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}${seconds}`;
  return `${local.slice(0, -1)}${ahead < 0 ? "-" : "+"}${offset}`;
}

export const date = ({ clock }: Moment): string => clock.toISOString().slice(0, 10);
export const timeOfDay = ({ clock }: Moment): string => clock.toISOString().slice(11, 19);
export const dateTime = (moment: Moment): string => `${date(moment)} ${timeOfDay(moment)}`;

/** With the zone's abbreviation in the tz database; UTC is called GMT. */
export const enate = (moment: Moment, abbreviation: string): string =>
  `${date(moment).replaceAll("-", "/")} ${timeOfDay(moment)} ${abbreviation}`;

export const jiffy = (moment: Moment): string => {
  const { clock } = moment;
  const day = `${MONTHS[clock.getUTCMonth()]} ${two(clock.getUTCDate())}, ${date(moment).slice(0, 4)}`;
  return `${day} @ ${clock.toISOString().slice(11, 23)}`;
};

export const secondsInUtc = (occurredAt: string): string => `${occurredAt.slice(0, 19)}Z`;

/** Whether the tz database could call this moment's zone so. Where the name is a number, it is the offset. */
export function couldBeCalled(abbreviation: string, { ahead }: Moment): boolean {
  if (/^[A-Z][A-Za-z]{1,5}$/.test(abbreviation)) return true;
  const minutes = Math.abs(Math.trunc(ahead / 60));
  const hours = `${ahead < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}`;
  return abbreviation === (minutes % 60 === 0 ? hours : `${hours}${two(minutes % 60)}`);
}
