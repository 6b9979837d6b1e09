/** Commands for a POSIX shell, to be copied. */

/** A text as one word. A name that begins with a dash would be taken for an option. */
export function quoted(text: string): string {
  const safe = text.startsWith("-") ? `./${text}` : text;
  return /^[A-Za-z0-9._/:=-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

interface Call {
  /** That operations chose. */
  readonly tenant?: string | null;
  /** It is named by a variable of the shell unless it is given. */
  readonly key?: string;
  /** What is sent. */
  readonly json?: unknown;
}

/** A call of the API, which says why where it fails. */
export function curl(url: string, { tenant = null, key, json }: Call): string {
  const headers = [
    key === undefined ? '-H "Authorization: Bearer $DAYBOOK_KEY"' : `-H ${quoted(`Authorization: Bearer ${key}`)}`,
    ...(tenant === null ? [] : [`-H ${quoted(`Daybook-Tenant: ${tenant}`)}`]),
    ...(json === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(json))}`]),
  ];
  return [`curl -sS --fail-with-body ${quoted(url)}`, ...headers].join(" \\\n  ");
}
