// @ts-check
/**
 * Spatial index: which elements may touch a box. A uniform grid of buckets; elements that cover many
 * cells go to one short list instead. Pure.
 *
 * @typedef {import("./geometry.js").Box} Box
 */

const CELL = 512;
const MAX_CELLS = 64;

export class Grid {
  constructor() {
    /** @type {Map<string, Box>} */
    this.boxes = new Map();
    /** @type {Map<number, Map<number, Set<string>>>} column → row → ids */
    this.columns = new Map();
    /** @type {Set<string>} */
    this.large = new Set();
  }

  get size() {
    return this.boxes.size;
  }

  /** Puts an element in, or moves it. @param {string} id @param {Box} box */
  set(id, box) {
    const old = this.boxes.get(id);
    if (old && sameCells(old, box)) {
      this.boxes.set(id, box);
      return;
    }
    this.delete(id);
    this.boxes.set(id, box);
    if (cellCount(box) > MAX_CELLS) this.large.add(id);
    else forCells(box, (column, row) => this.bucket(column, row).add(id));
  }

  /** Takes an element out; does nothing for a stranger. @param {string} id */
  delete(id) {
    const box = this.boxes.get(id);
    if (!box) return;
    this.boxes.delete(id);
    if (this.large.delete(id)) return;
    forCells(box, (column, row) => this.columns.get(column)?.get(row)?.delete(id));
  }

  /** Ids whose box touches the given one, in no order. @param {Box} box @returns {string[]} */
  query(box) {
    const found = new Set();
    const consider = (/** @type {string} */ id) => {
      const b = /** @type {Box} */ (this.boxes.get(id));
      if (b.minX <= box.maxX && b.maxX >= box.minX && b.minY <= box.maxY && b.maxY >= box.minY) found.add(id);
    };
    if (cellCount(box) > this.boxes.size) {
      for (const id of this.boxes.keys()) consider(id);
      return [...found];
    }
    this.large.forEach(consider);
    forCells(box, (column, row) => this.columns.get(column)?.get(row)?.forEach(consider));
    return [...found];
  }

  /** @param {number} column @param {number} row */
  bucket(column, row) {
    let rows = this.columns.get(column);
    if (!rows) this.columns.set(column, (rows = new Map()));
    let ids = rows.get(row);
    if (!ids) rows.set(row, (ids = new Set()));
    return ids;
  }
}

const cell = (/** @type {number} */ v) => Math.floor(v / CELL);

/** @param {Box} box */
function cellCount(box) {
  return (cell(box.maxX) - cell(box.minX) + 1) * (cell(box.maxY) - cell(box.minY) + 1);
}

/** @param {Box} a @param {Box} b */
function sameCells(a, b) {
  return cell(a.minX) === cell(b.minX) && cell(a.maxX) === cell(b.maxX)
    && cell(a.minY) === cell(b.minY) && cell(a.maxY) === cell(b.maxY);
}

/** @param {Box} box @param {(column: number, row: number) => void} visit */
function forCells(box, visit) {
  const lastColumn = cell(box.maxX), lastRow = cell(box.maxY);
  for (let column = cell(box.minX); column <= lastColumn; column++) {
    for (let row = cell(box.minY); row <= lastRow; row++) visit(column, row);
  }
}
