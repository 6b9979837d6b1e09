/** Templates, in which `{name}` stands for a parameter. */

export interface Piece {
  readonly text: string;
  readonly isParameter: boolean;
}

export function piecesOf(template: string): Piece[] {
  return template
    .split(/(\{[a-z0-9_]+\})/)
    .filter(Boolean)
    .map((text) => ({ text: text.startsWith("{") ? text.slice(1, -1) : text, isParameter: /^\{[a-z0-9_]+\}$/.test(text) }));
}

/** With parameters told from words; `values` put in their place makes a preview. */
export function Template({ template, values }: { template: string; values?: Readonly<Record<string, string>> }) {
  return (
    <bdi>
      {piecesOf(template).map((piece, place) =>
        piece.isParameter ? (
          <span key={place} class="parameter">
            {values?.[piece.text] || piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}
