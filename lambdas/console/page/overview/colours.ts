/** Which category has which colour: a word is always beside it. */

/** The tokens of style/tokens.css, in the catalogue's order. */
const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"] as const;

export const OTHER = "other";
export const OTHER_COLOUR = "--edge";

export interface Coloured {
  /** The key of what is stacked; `OTHER` for the rest. */
  readonly key: string;
  /** A colour's token. */
  readonly colour: string;
}

/** The eight largest keys, in the catalogue's order, then the rest. The catalogue's first eight always have the same
 * colours; later ones take what is left.
 *
 * `sizes`: the events of each key. `order`: the keys of the catalogue.
 */
export function coloured(sizes: ReadonlyMap<string, number>, order: readonly string[]): Coloured[] {
  const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  const largest = [...sizes].sort((one, other) => other[1] - one[1] || rank(one[0]) - rank(other[0])).map(([key]) => key);
  const shown = largest.slice(0, COLOURS.length).sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  const own = new Map(shown.filter((key) => rank(key) < Math.min(order.length, COLOURS.length)).map((key) => [key, COLOURS[rank(key)]]));
  const left = COLOURS.filter((colour) => ![...own.values()].includes(colour));
  const found = shown.map((key) => ({ key, colour: own.get(key) ?? left.shift() ?? OTHER_COLOUR }));
  return largest.length > found.length ? [...found, { key: OTHER, colour: OTHER_COLOUR }] : found;
}

/** The token's colour as a canvas takes it, in the reader's theme. */
export function resolved(token: string, within: Element): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  within.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
