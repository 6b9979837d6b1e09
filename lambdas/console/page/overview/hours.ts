/** The hours of the week, on the reader's clock. Counts are by whole hours of UTC: where the clock is half an hour or
 * three quarters beside them, an hour counts in the one in which it begins.
 */

export interface Hour {
  readonly at: number;
  readonly count: number;
}

export interface Cell {
  readonly count: number;
  /** The one hour with the most events, to which the cell leads; null where there are none. */
  readonly busiest: Hour | null;
}

export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

export interface Week {
  /** By weekday, then by hour. */
  readonly cells: readonly (readonly Cell[])[];
  /** Whether some hours were shifted to the hour before. */
  readonly shifted: boolean;
}

export function week(hours: Iterable<Hour>, zone: string): Week {
  const cells: Cell[][] = WEEKDAYS.map(() => new Array<Cell>(24).fill({ count: 0, busiest: null }));
  const read = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", weekday: "long", hour: "2-digit", minute: "2-digit" });
  let shifted = false;
  for (const hour of hours) {
    const parts = new Map(read.formatToParts(hour.at).map(({ type, value }) => [type, value]));
    const row = cells[WEEKDAYS.findIndex((name) => name === parts.get("weekday"))];
    const column = Number(parts.get("hour"));
    const cell = row?.[column];
    if (!row || !cell) continue;
    shifted ||= parts.get("minute") !== "00";
    const busiest = cell.busiest && cell.busiest.count >= hour.count ? cell.busiest : hour;
    row[column] = { count: cell.count + hour.count, busiest };
  }
  return { cells, shifted };
}
