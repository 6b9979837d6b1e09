/** The cells of a CSV file: RFC 4180, and cells that a spreadsheet would run as formulas disarmed. */

const SIGNS = "=+\\-@\\uff1d\\uff0b\\uff0d\\uff20";
/** Blanks and quotes: behind them a spreadsheet still finds the sign. */
const AHEAD =
  "[\\x0b\\x0c\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\"'\\0]*";
const FORMULA = new RegExp(`^(?=${AHEAD}[${SIGNS}\\t\\r\\n])|(?<=[,;\\t\\r\\n])(?=${AHEAD}[${SIGNS}])`, "g");

export const line = (cells: readonly string[]): string => `${cells.map(cell).join(",")}\r\n`;

function cell(text: string): string {
  const disarmed = text.replace(FORMULA, "'");
  return /[",\r\n]/.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed;
}
