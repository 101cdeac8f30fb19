/** Ops that would carry more points than a server takes in one (OP-17), as several. Pure. */

/** @typedef {import("../core/inverse.js").LocalOp} LocalOp */

/** The op types whose `points` go to the server. */
const WITH_POINTS = new Set(["stroke", "append"]);

/**
 * Ops that do together what one does; the first keeps its type and all its properties, appends follow.
 * @param {LocalOp} op
 * @param {number} most points in one op
 * @returns {[LocalOp, ...LocalOp[]]}
 */
export function splitPoints(op, most) {
  const points = /** @type {unknown[]} */ (WITH_POINTS.has(op.type) ? op.points ?? [] : []);
  if (!(points.length > most && most >= 1)) return [op];
  const start = op.type === "append" ? Number(op.from) : 0;
  const rest = [];
  for (let at = most; at < points.length; at += most) {
    rest.push({ type: "append", id: op.id, from: start + at, points: points.slice(at, at + most) });
  }
  return [{ ...op, points: points.slice(0, most) }, ...rest];
}
