/**
 * Points of a snapshot that came as steps from one to the next (ELM-10). Pure.
 */

/** @typedef {number[]} WirePoint [x, y] or [x, y, pressure 0..1] */

/**
 * Points as they are, from those or from `[width, scale, x, y, dx, dy, …]`. Dividing integers gives the very number
 * that reading the decimals gives.
 * @param {WirePoint[]|number[]} told @returns {WirePoint[]}
 */
export function pointsOf(told) {
  if (typeof told[0] !== "number") return /** @type {WirePoint[]} */ (told);
  const [width, scale, ...steps] = /** @type {number[]} */ (told);
  const at = new Array(width).fill(0), points = [];
  for (let first = 0; first + width <= steps.length; first += width) {
    points.push(at.map((_, axis) => (at[axis] += steps[first + axis]) / scale));
  }
  return points;
}
