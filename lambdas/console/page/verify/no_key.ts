/** What a reader gave where the key of a log was wanted. */

const KEY = /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/;

/** What is wrong with the first line that has not the form of a key; null where all have it. */
export function noKey(lines: readonly string[]): string | null {
  const other = lines.find((line) => !KEY.test(line));
  if (other === undefined) return null;
  return `${whatItIs(other)} The key of a log is a line of the form daybook/…+1f0c2a3b+AQ…, which the page Exports shows.`;
}

function whatItIs(line: string): string {
  if (line.startsWith("dbk_")) return "This is a key for signing in to Daybook: keep it to yourself.";
  if (/^[0-9a-f]{64}$/i.test(line.replace(/[\s:]/g, ""))) {
    return "This is a SHA-256: that of a file, or the fingerprint of a key. No signature can be checked with it.";
  }
  return `This is not the key of a log: ${line.slice(0, 80)}`;
}
