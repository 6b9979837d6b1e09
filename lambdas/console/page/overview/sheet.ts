/** The numbers of a picture as a table, on the page and as CSV (RFC 4180). */

export interface Sheet {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export function csv({ head, rows }: Sheet): string {
  return [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** What begins a formula in a spreadsheet, after blanks and quotes (CWE-1236). */
const FORMULA = /^[\s"']*[=+\-@\t\r＝＋－＠]/;

function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",;\r\n\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
