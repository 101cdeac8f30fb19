// @ts-check
/**
 * Where each function of a tree is drawn: the outermost on top, each below its caller, as wide as its share.
 *
 * @import {Node} from "./folding.js"
 * @typedef {{node: Node, x: number, width: number, row: number, isAbove: boolean}} Box in pixels; `isAbove`: a caller of what was zoomed to
 */
import { childrenOf, pathTo } from "./folding.js";

/** Narrower than this one sees nothing, and there are thousands of them. */
const LEAST_PX = 0.5;

/** The boxes of a tree, with `zoomed` as wide as the picture. @param {Node} zoomed @param {number} width @returns {Box[]} */
export function layOut(zoomed, width) {
  const path = pathTo(zoomed);
  /** @type {Box[]} */
  const boxes = path.map((node, row) => ({ node, x: 0, width, row, isAbove: node !== zoomed }));
  const waiting = [boxes[boxes.length - 1]];
  const scale = zoomed.width > 0 ? width / zoomed.width : 0;
  for (let box = waiting.pop(); box; box = waiting.pop()) {
    let { x } = box;
    for (const node of childrenOf(box.node)) {
      const own = node.width * scale;
      if (own < LEAST_PX) break; // the others are narrower still
      const child = { node, x, width: own, row: box.row + 1, isAbove: false };
      boxes.push(child);
      waiting.push(child);
      x += own;
    }
  }
  return boxes;
}

/** How many rows they take. @param {readonly Box[]} boxes */
export function rowsOf(boxes) {
  return boxes.reduce((most, { row }) => Math.max(most, row + 1), 0);
}

/** The box at a place, in pixels and rows. @param {readonly Box[]} boxes @param {number} x @param {number} row @returns {Box|undefined} */
export function boxAt(boxes, x, row) {
  return boxes.find((box) => box.row === row && x >= box.x && x < box.x + box.width);
}

/**
 * The box that an arrow leads to: up to the caller, down to the widest that it calls, left and right along the row.
 * @param {readonly Box[]} boxes @param {Node} from @param {"up"|"down"|"left"|"right"} way @returns {Box|undefined}
 */
export function neighbour(boxes, from, way) {
  const here = boxes.find(({ node }) => node === from);
  if (!here) return boxes[0];
  if (way === "up") return boxes.find(({ node }) => node === from.parent);
  if (way === "down") return boxes.filter(({ node }) => node.parent === from).sort((one, other) => other.width - one.width)[0];
  const row = boxes.filter((box) => box.row === here.row).sort((one, other) => one.x - other.x);
  return row[row.indexOf(here) + (way === "left" ? -1 : 1)];
}
