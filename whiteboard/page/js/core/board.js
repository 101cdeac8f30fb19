/**
 * The board: elements by id, and the order in which they are drawn. The same merge as `whiteboard/core`,
 * held together by `tests/vectors/merge*.json`. Pure: no DOM, no clock, no socket. How one element is
 * merged is `element.js`'s; the draw order is kept sorted here, and only elements whose place may have
 * changed are moved in it.
 */

import { Entry } from "./element.js";
import { compareStamps, stampOf } from "./stamps.js";

/** @typedef {import("./element.js").ElementState} ElementState */
/** @typedef {import("./element.js").ElementView} ElementView */
/** @typedef {import("./element.js").Place} Place */
/** @typedef {import("./element.js").StampedOp} StampedOp */

/** Above this many moved elements the draw order is sorted anew instead of mended. */
const MENDED = 32;

/** One replica of a board. */
export class Board {
  /** Highest seq up to which this replica has everything; kept by whoever feeds it. */
  seq = 0;
  /** Incarnation of the board's history that `seq` counts in. @type {string|null} */
  epoch = null;
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** Elements whose place in the draw order may have changed. @type {Set<Entry>} */
  #moved = new Set();
  /** @type {Entry[]} */
  #drawn = [];
  /** @type {readonly string[]} */
  #order = [];

  /** Elements known: visible, deleted, and those whose create has not come yet. */
  get size() {
    return this.#entries.size;
  }

  /**
   * Merge an op. Any order, any repetition gives the same board.
   * @param {StampedOp} op
   * @returns {string|null} the element's id when anything changed; null also for unknown op types
   */
  apply(op) {
    const entry = this.#entries.get(op.id) ?? new Entry(op.id);
    const applied = entry.apply(op, stampOf(op));
    const joined = op.element !== undefined && entry.join(op.element);
    return this.#settle(entry, applied || joined);
  }

  /** Merge an element state. @param {ElementState} state @returns {string|null} as for `apply` */
  join(state) {
    const entry = this.#entries.get(state.id) ?? new Entry(state.id);
    return this.#settle(entry, entry.join(state));
  }

  /**
   * The whole state of an element, deleted and orphaned ones too; null when nothing is known of it.
   * @param {string} id
   * @returns {ElementState|null}
   */
  state(id) {
    return this.#entries.get(id)?.state() ?? null;
  }

  /** All states, sorted by id (code points). @returns {ElementState[]} */
  states() {
    return [...this.#entries.keys()].sort(compareCodePoints).map((id) => /** @type {Entry} */ (this.#entries.get(id)).state());
  }

  /** Whether anything is known of an element, be it deleted or orphaned. @param {string} id */
  knows(id) {
    return this.#entries.has(id);
  }

  /**
   * The element as it is drawn; undefined when deleted, orphaned or unknown.
   * @param {string} id
   * @returns {ElementView|undefined}
   */
  get(id) {
    return this.#entries.get(id)?.view();
  }

  /**
   * Ids of visible elements from bottom to top. The same array until the order changes.
   * @returns {readonly string[]}
   */
  drawOrder() {
    if (this.#moved.size > 0) this.#arrange();
    return this.#order;
  }

  /** Where a visible element stands. @param {string} id @returns {Place|undefined} */
  place(id) {
    return this.#entries.get(id)?.place();
  }

  /**
   * Take over another board's element in place of what is known here.
   * @param {Board} board
   * @param {string} id
   */
  copy(board, id) {
    this.forget(id);
    const entry = board.#entries.get(id);
    if (entry) this.#settle(entry.copy(), true);
  }

  /** Drop an element from memory. @param {string} id */
  forget(id) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    entry.isForgotten = true;
    this.#moved.add(entry);
  }

  /** Drop everything. */
  clear() {
    this.seq = 0;
    this.epoch = null;
    this.#entries.clear();
    this.#moved.clear();
    this.#drawn = [];
    this.#order = [];
  }

  /**
   * @param {Entry} entry
   * @param {boolean} changed
   */
  #settle(entry, changed) {
    if (!changed) return null;
    this.#entries.set(entry.id, entry);
    if (entry.mayHaveMoved()) this.#moved.add(entry);
    return entry.id;
  }

  #arrange() {
    if (this.#moved.size > MENDED) this.#sort();
    else for (const entry of this.#moved) this.#mend(entry);
    this.#moved.clear();
    this.#order = this.#drawn.map((entry) => entry.id);
  }

  #sort() {
    for (const entry of this.#moved) entry.placed = entry.isForgotten ? undefined : entry.place();
    this.#drawn = [...this.#entries.values()].filter((entry) => entry.placed);
    this.#drawn.sort((a, b) => comparePlaces(/** @type {Place} */ (a.placed), /** @type {Place} */ (b.placed)));
  }

  /** Move one element within the sorted order. @param {Entry} entry */
  #mend(entry) {
    if (entry.placed) this.#drawn.splice(this.#rank(entry.placed), 1);
    entry.placed = entry.isForgotten ? undefined : entry.place();
    if (entry.placed) this.#drawn.splice(this.#rank(entry.placed), 0, entry);
  }

  /** Index of the first drawn element that does not stand below a place. @param {Place} place */
  #rank(place) {
    let low = 0;
    let high = this.#drawn.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(/** @type {Place} */ (this.#drawn[middle].placed), place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Draw order: effective key by ASCII, then the create's stamp.
 * @param {Place} a
 * @param {Place} b
 */
export function comparePlaces(a, b) {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return compareStamps(a.created, b.created) || compareCodePoints(a.id, b.id);
}

/**
 * Order of two strings by code point, as Python compares; code units would put U+FFFF after U+10000.
 * @param {string} a
 * @param {string} b
 */
function compareCodePoints(a, b) {
  const left = [...a];
  const right = [...b];
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    if (left[at] !== right[at]) return (left[at].codePointAt(0) ?? 0) - (right[at].codePointAt(0) ?? 0);
  }
  return left.length - right.length;
}
