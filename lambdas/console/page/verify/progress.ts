/** Told of each piece of work that is done. It may wait, so that the page stays alive, and may end the verification. */
export type Progress = (what: "entries" | "rows", done: number, total: number) => Promise<void>;
