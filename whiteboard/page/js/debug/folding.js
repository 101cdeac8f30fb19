// @ts-check
/**
 * Samples folded into a tree of calls, of one profile or of two laid over each other, and into a table of functions.
 *
 * Each node knows what is now and what was before. A profile of what came in between has values below zero, for what went: those
 * count as what was before. So one way of drawing serves both.
 *
 * @import {Frame, Profile, Sample} from "./pprof.js"
 * @typedef {{now: number, before: number}} Amount
 * @typedef {object} Node
 * @property {string} name @property {string} file @property {number} line the one that was seen first
 * @property {Node|null} parent
 * @property {Map<string, Node>} children
 * @property {Amount} self of this function alone, without what it called (inverted: of stacks that begin here)
 * @property {Amount} total
 * @property {number} width its share of the picture: at every stack the larger of now and before
 * @typedef {{name: string, file: string, line: number, self: Amount, total: Amount}} Row
 * @typedef {{type: number, isInverted?: boolean, before?: Profile|null, asShares?: boolean}} How `before` has the same types
 */

/** The tree. @param {Profile} profile @param {How} how @returns {Node} its root, with the whole amount and no name */
export function fold(profile, how) {
  const root = makeNode(null, { name: "", file: "", line: 0, key: "" });
  for (const [sample, amount] of amounts(profile, how)) {
    let node = root;
    add(node.total, amount);
    for (const frame of how.isInverted ? sample.frames : outermostFirst(sample.frames)) {
      node = node.children.get(frame.key) ?? makeChild(node, frame);
      add(node.total, amount);
    }
    add(node.self, amount);
  }
  measure(root);
  return root;
}

/** Every function once, those with the most of their own first. @param {Profile} profile @param {How} how @returns {Row[]} */
export function functionsOf(profile, how) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  for (const [{ frames }, amount] of amounts(profile, how)) {
    const seen = new Set();
    frames.forEach((frame, depth) => {
      const row = rows.get(frame.key) ?? { name: frame.name, file: frame.file, line: frame.line, self: zero(), total: zero() };
      rows.set(frame.key, row);
      if (depth === 0) add(row.self, amount);
      if (!seen.has(frame.key)) add(row.total, amount); // one that calls itself is on the stack more than once
      seen.add(frame.key);
    });
  }
  return [...rows.values()].sort((one, other) => largest(other.self) - largest(one.self) || largest(other.total) - largest(one.total));
}

/** How much there is at stacks with such a function in them. @param {Profile} profile @param {How} how @param {(name: string, file: string) => boolean} isWanted @returns {Amount} */
export function amountOf(profile, how, isWanted) {
  const sum = zero();
  for (const [{ frames }, amount] of amounts(profile, how)) {
    if (frames.some(({ name, file }) => isWanted(name, file))) add(sum, amount);
  }
  return sum;
}

/** Whether there is anything to compare. @param {Profile} profile @param {How} how */
export function isComparison(profile, { type, before }) {
  return Boolean(before) || profile.samples.some(({ values }) => values[type] < 0);
}

/** The functions from the outermost to a node. @param {Node} node @returns {Node[]} the root first */
export function pathTo(node) {
  /** @type {Node[]} */
  const path = [];
  for (let one = /** @type {Node|null} */ (node); one; one = one.parent) path.unshift(one);
  return path;
}

/** The node at the same place in another tree, as far as that goes. @param {Node} root @param {Node} node */
export function sameIn(root, node) {
  let found = root;
  for (const { name, file } of pathTo(node).slice(1)) {
    const next = found.children.get(`${name}\n${file}`);
    if (!next) break;
    found = next;
  }
  return found;
}

/** Children, the widest first. @param {Node} node */
export function childrenOf(node) {
  return [...node.children.values()].sort((one, other) => other.width - one.width || (one.name < other.name ? -1 : 1));
}

// --- inside -------------------------------------------------------------------------------------

/** @returns {Amount} */
const zero = () => ({ now: 0, before: 0 });

/** @param {Amount} amount */
const largest = ({ now, before }) => Math.max(now, before);

/** @param {Amount} sum @param {Amount} amount */
function add(sum, amount) {
  sum.now += amount.now;
  sum.before += amount.before;
}

/** Each sample with what it adds. @param {Profile} profile @param {How} how @returns {Generator<[Sample, Amount]>} */
function* amounts(profile, { type, before = null, asShares = false }) {
  const factor = before && asShares ? sumOf(profile, type) / (sumOf(before, type) || 1) : 1;
  for (const sample of profile.samples) {
    const value = sample.values[type];
    if (value) yield [sample, value > 0 ? { now: value, before: 0 } : { now: 0, before: -value }];
  }
  for (const sample of before?.samples ?? []) {
    const value = sample.values[type] * factor;
    if (value) yield [sample, { now: 0, before: value }];
  }
}

/** @param {Profile} profile @param {number} type */
function sumOf(profile, type) {
  return profile.samples.reduce((sum, { values }) => sum + values[type], 0);
}

/** @param {readonly Frame[]} frames */
function* outermostFirst(frames) {
  for (let n = frames.length - 1; n >= 0; n--) yield frames[n];
}

/** @param {Node|null} parent @param {Frame} frame @returns {Node} */
function makeNode(parent, { name, file, line }) {
  return { name, file, line, parent, children: new Map(), self: zero(), total: zero(), width: 0 };
}

/** @param {Node} parent @param {Frame} frame */
function makeChild(parent, frame) {
  const node = makeNode(parent, frame);
  parent.children.set(frame.key, node);
  return node;
}

/** Sets all widths; without recursion, as stacks may be deep. @param {Node} root */
function measure(root) {
  const inOrder = [root];
  for (const node of inOrder) inOrder.push(...node.children.values());
  for (let n = inOrder.length - 1; n >= 0; n--) {
    const node = inOrder[n];
    node.width += largest(node.self);
    if (node.parent) node.parent.width += node.width;
  }
}
