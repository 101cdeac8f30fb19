// @ts-check
/**
 * What is on the board, ready to be drawn and hit: every element of the view with its box and cached path,
 * in a spatial index, with its place in the draw order. Knows no canvas and no network.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("../types.js").Element} Element
 * @typedef {{id:string, el:Element, box:Box, outer?:Box, seen?:Box, count:number, rank:number, path:Path2D|null}} Item
 *   `box`: all that it may paint on; `outer`: its geometry, and `seen`: what is seen, once somebody has asked; `path`: once it was drawn
 * @typedef {{get(id:string): Element|null|undefined, drawOrder(): readonly string[]}} View
 * @typedef {{added:string[], begun:string[], grown:string[], dirty:Box[], gone:string[]}} Changes
 *   `begun`: strokes that were not there; `added`: whatever else was not
 */
import { boxFromCorners, contains, expand, isStretched, paintBox, plainBox, rotatedBox, rotationOf, seenBox, sweepHits, union } from "./geometry.js";
import { Grid } from "./grid.js";

export class Scene {
  /** @param {View} view @param {import("./geometry.js").MeasureText} measure */
  constructor(view, measure) {
    this.view = view;
    this.measure = measure;
    /** @type {Map<string, Item>} */
    this.items = new Map();
    this.grid = new Grid();
    /** @type {readonly string[]} the order that `ranks` was made of */
    this.order = [];
    /** @type {Map<string, number>} */
    this.ranks = new Map();
  }

  /** Reads the whole view again. */
  rebuild() {
    this.items.clear();
    this.grid = new Grid();
    for (const id of this.view.drawOrder()) this.read(id);
  }

  /** Reads some elements again and says what that changes in the picture. @param {Iterable<string>} ids @returns {Changes} */
  refresh(ids) {
    /** @type {Changes} */
    const changes = { added: [], begun: [], grown: [], dirty: [], gone: [] };
    const confirmed = /** @type {Item[]} */ ([]), ranks = this.ranks;
    for (const id of ids) this.refreshOne(id, changes, confirmed);
    if (confirmed.length > 0) this.arrange();
    for (const item of confirmed) if (this.isRestacked(item, ranks)) changes.dirty.push(item.box);
    return changes;
  }

  /** @param {string} id @param {Changes} changes @param {Item[]} confirmed gets what only the server's stamp has been added to */
  refreshOne(id, changes, confirmed) {
    const old = this.items.get(id), item = this.read(id);
    if (!item) {
      if (old) {
        changes.gone.push(id);
        changes.dirty.push(old.box);
      }
    } else if (!old) {
      (item.el.type === "stroke" ? changes.begun : changes.added).push(id);
    } else if (!sameLook(old.el, item.el) || item.count < old.count || (item.count > old.count && growsElsewhere(item.el))) {
      changes.dirty.push(old.box, item.box);
      if (samePath(old, item)) item.path = old.path;
    } else if (item.count > old.count) {
      changes.grown.push(id);
    } else {
      item.path = old.path;
      if (old.el.created !== item.el.created) confirmed.push(item);
    }
  }

  /** Takes one element over from the view, or drops it. @param {string} id @returns {Item|null} */
  read(id) {
    const old = this.items.get(id);
    const el = this.view.get(id);
    if (old && old.el === el && old.count === (el.points?.length ?? 0)) return old; // views are never changed in place
    const box = el ? paintBox(el, this.measure) : null;
    if (!el || !box) {
      if (old) this.drop(id);
      return null;
    }
    const item = { id, el, box, count: el.points?.length ?? 0, rank: this.ranks.get(id) ?? Infinity, path: null };
    this.items.set(id, item);
    this.grid.set(id, box);
    return item;
  }

  /** @param {string} id */
  drop(id) {
    this.items.delete(id);
    this.grid.delete(id);
  }

  /** @param {string} id */
  get(id) {
    return this.items.get(id) ?? null;
  }

  /** Brings the items' ranks up to date with the view's draw order. */
  arrange() {
    const order = this.view.drawOrder();
    if (order === this.order) return;
    this.order = order;
    this.ranks = new Map(order.map((id, n) => [id, n]));
    for (const item of this.items.values()) item.rank = this.ranks.get(item.id) ?? Infinity;
  }

  /** Items that may paint in a box, bottom first. @param {Box} box @returns {Item[]} */
  within(box) {
    return this.sorted(this.grid.query(box));
  }

  /** @param {Iterable<string>} ids @returns {Item[]} the known ones, bottom first */
  sorted(ids) {
    this.arrange();
    const items = [];
    for (const id of ids) {
      const item = this.items.get(id);
      if (item) items.push(item);
    }
    return items.sort((a, b) => a.rank - b.rank);
  }

  /** The topmost element at a point, or null. @param {Point} at @param {number} tolerance board units */
  hit(at, tolerance) {
    return this.swept(at, at, tolerance).at(-1) ?? null;
  }

  /** Elements touched by a sweep, bottom first. @param {Point} a @param {Point} b @param {number} radius @returns {string[]} */
  swept(a, b, radius) {
    const reach = expand(boxFromCorners(a.x, a.y, b.x, b.y), radius);
    return this.within(reach).filter((item) => sweepHits(item.el, this.measure, a, b, radius)).map((item) => item.id);
  }

  /** Elements wholly in a box. @param {Box} box @returns {string[]} */
  enclosed(box) {
    return this.within(box).filter((item) => contains(expand(box, 2), this.outerBox(item.id) ?? item.box)).map((item) => item.id);
  }

  /** The upright box of an element's geometry. @param {string} id @returns {Box|null} */
  outerBox(id) {
    const item = this.items.get(id);
    if (!item) return null;
    if (item.outer) return item.outer;
    const box = plainBox(item.el, this.measure);
    item.outer = box ? rotatedBox(box, rotationOf(item.el)) : undefined;
    return item.outer ?? null;
  }

  /** The upright box of what is seen of an element. @param {string} id @returns {Box|null} */
  seenBox(id) {
    const item = this.items.get(id);
    if (!item) return null;
    item.seen ??= seenBox(item.el, this.measure) ?? undefined;
    return item.seen ?? null;
  }

  /** Everything drawn. @returns {Box|null} */
  bounds() {
    /** @type {Box|null} */
    let box = null;
    for (const item of this.items.values()) box = union(box, item.box);
    return box;
  }

  /** Does the element lie otherwise among those that it touches than it did? @param {Item} item @param {Map<string, number>} before ranks */
  isRestacked(item, before) {
    const was = before.get(item.id);
    if (was === undefined) return !this.isOnTop(item);
    return this.grid.query(item.box).some((id) => ((before.get(id) ?? -1) < was) !== ((this.ranks.get(id) ?? -1) < item.rank));
  }

  /** Would the element, drawn now, lie over all that it touches? @param {Item} item */
  isOnTop(item) {
    this.arrange();
    return this.grid.query(item.box).every((id) => (this.items.get(id)?.rank ?? -1) <= item.rank);
  }
}

/** Do new points move those that were there? @param {Element} el */
function growsElsewhere(el) {
  return isStretched(el) || rotationOf(el) !== 0;
}

const NOT_LOOK = new Set(["id", "type", "by", "created", "points"]);

/** Are all properties the same? @param {Element} a @param {Element} b */
function sameLook(a, b) {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const name of names) if (!NOT_LOOK.has(name) && a[name] !== b[name]) return false;
  return a.type === b.type;
}

/** Would the second be traced just as the first was? An author's ink only grows: as many points are the same
 * points. What moves or colours it does not matter. @param {Item} a @param {Item} b */
export function samePath(a, b) {
  return a.count === b.count && a.el.by === b.el.by && a.el.width === b.el.width && a.el.w === b.el.w && a.el.h === b.el.h;
}
