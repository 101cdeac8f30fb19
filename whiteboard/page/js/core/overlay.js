/**
 * The board as one sees it: the confirmed board, overlaid with ops that are not confirmed yet.
 *
 * Owns the shadow: for each element with pending ops a copy of the confirmed element to which those
 * ops are applied with a stamp above all others, so that what one has just done shows at once.
 * When an op is confirmed or refused the shadow is built anew from what is left, when next looked at.
 * Pure; must not know sockets, journals or op ids' meaning.
 */

import { Board, comparePlaces } from "./board.js";

/** @typedef {import("./board.js").ElementView} ElementView */
/** @typedef {import("./board.js").StampedOp} StampedOp */
/** @typedef {import("./board.js").Place} Place */

/** Confirmed elements with pending ops on top. */
export class Overlay {
  #confirmed;
  #shadow = new Board();
  /** Pending ops by element, in the order they were made. @type {Map<string, Map<string, StampedOp>>} */
  #pending = new Map();
  /** Elements whose shadow must be built anew. @type {Set<string>} */
  #stale = new Set();
  /** Rises when an element comes under the overlay or leaves it. */
  #membership = 0;
  /** @type {{confirmed: readonly string[], shadow: readonly string[], membership: number, order: readonly string[]}|undefined} */
  #cached = undefined;

  /** @param {Board} confirmed */
  constructor(confirmed) {
    this.#confirmed = confirmed;
  }

  /** Put a pending op on top. @param {StampedOp} op has no `lamport` */
  add(op) {
    const ops = this.#pending.get(op.id);
    if (ops) ops.set(op.opId, op);
    else this.#cover(op);
    if (!this.#stale.has(op.id)) this.#shadow.apply(op);
  }

  /** Take a pending op away: it is confirmed, or refused. @param {StampedOp} op */
  remove(op) {
    const ops = this.#pending.get(op.id);
    if (!ops?.delete(op.opId)) return;
    if (ops.size > 0) this.#stale.add(op.id);
    else this.#uncover(op.id);
  }

  /** The confirmed element has changed. @param {string} id */
  refresh(id) {
    if (this.#pending.has(id)) this.#stale.add(id);
  }

  /** The confirmed board has been discarded. */
  refreshAll() {
    for (const id of this.#pending.keys()) this.#stale.add(id);
  }

  /** Whether an element has pending ops. @param {string} id */
  isPending(id) {
    return this.#pending.has(id);
  }

  /**
   * The element as it is drawn; undefined when deleted, orphaned or unknown.
   * @param {string} id
   * @returns {ElementView|undefined}
   */
  get(id) {
    if (!this.#pending.has(id)) return this.#confirmed.get(id);
    if (this.#stale.has(id)) this.#rebuild(id);
    return this.#shadow.get(id);
  }

  /**
   * Ids of visible elements from bottom to top. The same array until the order changes.
   * @returns {readonly string[]}
   */
  drawOrder() {
    for (const id of this.#stale) this.#rebuild(id);
    const confirmed = this.#confirmed.drawOrder();
    const shadow = this.#shadow.drawOrder();
    const membership = this.#membership;
    const is = this.#cached;
    if (is && is.confirmed === confirmed && is.shadow === shadow && is.membership === membership) return is.order;
    const order = this.#merge(confirmed, shadow);
    this.#cached = { confirmed, shadow, membership, order };
    return order;
  }

  /** @param {StampedOp} op */
  #cover(op) {
    this.#pending.set(op.id, new Map([[op.opId, op]]));
    this.#shadow.copy(this.#confirmed, op.id);
    this.#membership += 1;
  }

  /** @param {string} id */
  #uncover(id) {
    this.#pending.delete(id);
    this.#stale.delete(id);
    this.#shadow.forget(id);
    this.#membership += 1;
  }

  /** @param {string} id */
  #rebuild(id) {
    this.#stale.delete(id);
    this.#shadow.copy(this.#confirmed, id);
    for (const op of this.#pending.get(id)?.values() ?? []) this.#shadow.apply(op);
  }

  /**
   * The confirmed order, with those elements moved that stand elsewhere in the shadow.
   * @param {readonly string[]} confirmed
   * @param {readonly string[]} shadow
   */
  #merge(confirmed, shadow) {
    const moved = new Set();
    for (const id of this.#pending.keys()) {
      if (!isSamePlace(this.#confirmed.place(id), this.#shadow.place(id))) moved.add(id);
    }
    if (moved.size === 0) return confirmed;
    const rest = confirmed.filter((id) => !moved.has(id));
    return this.#weave(rest, shadow.filter((id) => moved.has(id)));
  }

  /**
   * @param {string[]} rest sorted, from the confirmed board
   * @param {string[]} moved sorted, from the shadow
   */
  #weave(rest, moved) {
    const order = [];
    let taken = 0;
    for (const id of moved) {
      const at = this.#rank(rest, /** @type {Place} */ (this.#shadow.place(id)));
      while (taken < at) order.push(rest[taken++]);
      order.push(id);
    }
    while (taken < rest.length) order.push(rest[taken++]);
    return order;
  }

  /** Index of the first of `rest` above a place. @param {string[]} rest @param {Place} place */
  #rank(rest, place) {
    let low = 0;
    let high = rest.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(/** @type {Place} */ (this.#confirmed.place(rest[middle])), place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** @param {Place|undefined} a @param {Place|undefined} b */
function isSamePlace(a, b) {
  return a === b || (a !== undefined && b !== undefined && comparePlaces(a, b) === 0);
}
