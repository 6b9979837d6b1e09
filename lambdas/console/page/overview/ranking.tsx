/** One of those that are counted: what it is called, how often, and where a click leads. */
export interface Ranked {
  readonly key: string;
  readonly name: string;
  readonly count: number;
  readonly href: string;
}

/** The largest first, each with a bar as long as its share of the first. */
export function Ranking({ rows, nothing }: { rows: readonly Ranked[]; nothing: string }) {
  const most = Math.max(1, ...rows.map((row) => row.count));
  if (rows.length === 0) return <p class="soft">{nothing}</p>;
  return (
    <ol class="ranking">
      {rows.map(({ key, name, count, href }) => (
        <li key={key}>
          <a href={href} title={key}>
            <bdi>{name}</bdi>
          </a>
          <span class="ranking-bar">
            <span style={{ width: `${(100 * count) / most}%` }} />
          </span>
          <span class="number">{count.toLocaleString("en")}</span>
        </li>
      ))}
    </ol>
  );
}

export const TOP = 10;
