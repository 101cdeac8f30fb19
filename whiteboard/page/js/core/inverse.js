/**
 * Undo as new ops: what takes an op back, for the person who made it. Pure.
 *
 * Owns the rule that undoing touches only what one has changed oneself: a property that somebody else
 * has written since is left alone. Must not know the undo stack (that is the page's) nor op ids.
 */

import { RESERVED, isCreate } from "./element.js";

/** @typedef {import("./board.js").ElementView} ElementView */
/** @typedef {{type: string, id: string, [field: string]: unknown}} LocalOp an op as the page makes it */
/** @typedef {{get(id: string): ElementView|undefined}} View */

/**
 * One thing to do when undoing.
 * @typedef {object} UndoStep
 * @property {LocalOp} op
 * @property {Record<string, unknown>} [expects] value that each property must still have; absent: unset
 */

/**
 * What takes an op back. To be asked before the op is applied.
 * @param {View} before the board as it is before the op
 * @param {LocalOp} op
 * @returns {UndoStep[]} empty for an op that is a part of another (`append`) or changes nothing
 */
export function inverse(before, op) {
  if (isCreate(op.type) || op.type === "restore") return [{ op: { type: "delete", id: op.id } }];
  if (op.type === "delete") return before.get(op.id) ? [{ op: { type: "restore", id: op.id } }] : [];
  if (op.type === "set") return inverseOfSet(before.get(op.id), op);
  return [];
}

/**
 * The op that a step comes to now, or null when it would change nothing or only what others wrote.
 * @param {View} view the board as it is now
 * @param {UndoStep} step
 * @returns {LocalOp|null}
 */
export function due(view, step) {
  const { op } = step;
  const standing = view.get(op.id);
  if (op.type === "restore") return standing ? null : op;
  if (!standing) return null;
  if (op.type !== "set") return op;
  const wanted = Object.entries(/** @type {Record<string, unknown>} */ (op.props));
  const props = wanted.filter(([name]) => isSame(property(standing, name), (step.expects ?? {})[name]));
  return props.length > 0 ? { ...op, props: Object.fromEntries(props) } : null;
}

/**
 * @param {ElementView|undefined} standing
 * @param {LocalOp} op
 * @returns {UndoStep[]}
 */
function inverseOfSet(standing, op) {
  const props = Object.entries(/** @type {Record<string, unknown>} */ (op.props ?? {}));
  const changed = props.filter(([name, value]) => !RESERVED.has(name) && !isSame(property(standing, name), value));
  if (!standing || changed.length === 0) return [];
  const previous = changed.map(([name]) => [name, property(standing, name) ?? null]);
  return [{ op: { type: "set", id: op.id, props: Object.fromEntries(previous) }, expects: Object.fromEntries(changed) }];
}

/**
 * @param {ElementView|undefined} element
 * @param {string} name
 * @returns {unknown}
 */
function property(element, name) {
  return element && Object.hasOwn(element, name) ? /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (element))[name] : undefined;
}

/** Unset and null are the same. @param {unknown} a @param {unknown} b */
function isSame(a, b) {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
