/** Which sheets are near enough to what is in view to be laid out. */

/** Of the heights in order: the first and one past the last that touch the view, with some room before and after. */
export function near(heights: readonly number[], top: number, view: number): readonly [number, number] {
  const [low, high] = [top - ROOM * view, top + (1 + ROOM) * view];
  let [from, to, at] = [heights.length, 0, 0];
  heights.forEach((height, place) => {
    if (at + height >= low && at <= high) {
      from = Math.min(from, place);
      to = place + 1;
    }
    at += height;
  });
  return from < to ? [from, to] : [Math.max(0, heights.length - 1), heights.length];
}

const ROOM = 1.5;

export function sum(heights: readonly number[], from: number, to: number): number {
  return heights.slice(from, to).reduce((all, height) => all + height, 0);
}
