/**
 * An element: all that is known of one id, merged from ops and states in any order. The same merge as
 * `whiteboard/core`. Pure; must not know other elements, nor the board's draw order beyond its own place.
 *
 * Theory of operation. Every part of an element only ever moves up in its own order, so applying ops
 * in any order, any number of times, ends in the same state: `created` keeps the lowest create
 * stamp, a register keeps the value with the highest stamp (the tombstone is one more register, under
 * the reserved name "deleted"), and ink keeps, per client and index, the smallest point.
 * The view, what is drawn, is derived: built when asked for and kept until the element changes.
 */

import { orderKey } from "./order_keys.js";
import { compareStamps, initialStamp } from "./stamps.js";
import { pointsOf } from "./steps.js";

/** @typedef {import("./stamps.js").Stamp} Stamp */
/** @typedef {number[]} WirePoint [x, y] or [x, y, pressure 0..1] */
/** @typedef {"stroke"|"shape"|"text"|"note"|"image"|"page"} ElementType */

/**
 * An op as the log has it. Creates carry their properties beside these fields.
 * @typedef {object} StampedOp
 * @property {string} type
 * @property {string} id
 * @property {string} opId
 * @property {number} [seq]
 * @property {number} [lamport] absent: not stored yet, wins over everything (see `stamps.js`)
 * @property {WirePoint[]} [points]
 * @property {number} [from]
 * @property {Record<string, unknown>} [props]
 * @property {ElementState} [element] state after the op, when a replica may have forgotten it
 */

/**
 * The whole state of an element, as snapshots carry it: properties beside these fields.
 * @typedef {{id: string, type?: ElementType, by?: string, created?: Stamp, points?: WirePoint[]|number[],
 *   stamps?: Record<string, Stamp>, deleted?: boolean,
 *   ink?: Record<string, [from: number, points: WirePoint[]][]>}} ElementState
 */

/**
 * A visible element, for drawing. Never changed in place but for `points`, which may grow; a changed
 * element has another view object, so identity tells whether a cached drawing still holds.
 * Unknown properties are there too, untyped.
 * @typedef {object} ElementView
 * @property {string} id
 * @property {ElementType} type
 * @property {string} by client id of the author
 * @property {Stamp} created
 * @property {readonly number[]} points strokes: x, y, pressure triples (pressure -1: none given),
 *   before the offset by x and y; others: empty
 * @property {number} [x] board units, as y, w and h
 * @property {number} [y]
 * @property {number} [w]
 * @property {number} [h]
 * @property {number} [rotation]
 * @property {string} [color]
 * @property {string} [fill]
 * @property {number} [width]
 * @property {number} [size]
 * @property {number} [opacity] 0..1
 * @property {string} [kind]
 * @property {string} [text]
 * @property {string} [asset]
 * @property {string} [z] order key
 */

/** @typedef {{value: unknown, stamp: Stamp}} Register */
/** @typedef {{id: string, key: string, created: Stamp}} Place where an element stands in draw order */

const TYPES = new Set(["stroke", "shape", "text", "note", "image", "page"]);
const TOMBSTONE = "deleted";
/** @type {readonly number[]} */
const NO_POINTS = Object.freeze([]);
const NO_PRESSURE = -1;

/** Names that are never properties: stamped by the server, or structure of the message. */
export const RESERVED = new Set(
  "id type by opId seq at clock seen lamport ts points from props element created stamps deleted ink".split(" "),
);

/** Whether an op of this type brings an element into being. @param {string} type */
export function isCreate(type) {
  return TYPES.has(type);
}

/** All that is known of one element id, also before its create arrived. */
export class Entry {
  /** Stamp of the create that counts: the lowest of all. @type {Stamp|null} */
  created = null;
  /** @type {ElementType|null} */
  type = null;
  /** The place under which the board's draw order holds this element. @type {Place|undefined} */
  placed = undefined;
  /** No longer the board's entry of its id. */
  isForgotten = false;
  /** @type {Map<string, Register>} */
  #registers = new Map();
  /** @type {Map<string, Ink>} */
  #ink = new Map();
  /** @type {ElementView|undefined} */
  #view = undefined;
  /** Kept until something that decides it changes. @type {Place|undefined} */
  #place = undefined;

  /** @param {string} id */
  constructor(id) {
    this.id = id;
  }

  /**
   * @param {StampedOp} op
   * @param {Stamp} stamp
   * @returns {boolean} whether anything changed
   */
  apply(op, stamp) {
    if (TYPES.has(op.type)) return this.#changed(this.#create(op, stamp));
    if (op.type === "append") return this.#changed(this.#draw(stamp[1], op.from ?? 0, op.points ?? []));
    if (op.type === "set") return this.#changed(this.#write(op.props ?? {}, stamp));
    if (op.type === "delete") return this.#changed(this.#register(TOMBSTONE, true, stamp));
    if (op.type === "restore") return this.#changed(this.#register(TOMBSTONE, false, stamp));
    return false;
  }

  /** @param {ElementState} state @returns {boolean} whether anything changed */
  join(state) {
    let changed = false;
    if (state.created && state.type) changed = this.#found(state.type, state.created);
    const initial = state.created && initialStamp(state.created);
    for (const [name, value] of Object.entries(state)) {
      if (RESERVED.has(name) && name !== TOMBSTONE) continue;
      const stamp = own(state.stamps, name) ?? initial;
      if (stamp) changed = this.#register(name, value, stamp) || changed;
    }
    if (state.points && state.created) changed = this.#draw(state.created[1], 0, pointsOf(state.points)) || changed;
    for (const [client, runs] of Object.entries(state.ink ?? {})) {
      for (const [from, points] of runs) changed = this.#draw(client, from, points) || changed;
    }
    return this.#changed(changed);
  }

  /** Whether the draw order may be wrong about this element. */
  mayHaveMoved() {
    return this.place() !== this.placed;
  }

  /** @returns {Place|undefined} */
  place() {
    if (!this.created || this.#isDeleted()) return undefined;
    this.#place ??= this.#findPlace(this.created);
    return this.#place;
  }

  /** @returns {ElementView|undefined} */
  view() {
    if (!this.created || this.#isDeleted()) return undefined;
    this.#view ??= this.#draft(this.created);
    return this.#view;
  }

  /** @returns {ElementState} */
  state() {
    const head = this.created ? { type: this.type, by: this.created[1], created: this.created } : {};
    const values = [...this.#registers].map(([name, one]) => [name, one.value]);
    const initial = this.created && initialStamp(this.created);
    const foreign = [...this.#registers].filter(([, one]) => !initial || compareStamps(one.stamp, initial));
    const stamps = foreign.map(([name, one]) => [name, one.stamp]);
    const shown = this.#shown();
    return /** @type {ElementState} */ ({
      id: this.id,
      ...head,
      ...(this.type === "stroke" ? { points: shown ? shown.wire() : [] } : {}),
      ...Object.fromEntries(values),
      ...(stamps.length > 0 ? { stamps: Object.fromEntries(stamps) } : {}),
      ...this.#hiddenInk(shown),
    });
  }

  /** An independent copy. @returns {Entry} */
  copy() {
    const twin = new Entry(this.id);
    twin.created = this.created;
    twin.type = this.type;
    twin.#registers = new Map(this.#registers);
    for (const [client, ink] of this.#ink) twin.#ink.set(client, ink.copy());
    return twin;
  }

  /**
   * @param {StampedOp} op
   * @param {Stamp} stamp
   */
  #create(op, stamp) {
    const found = this.#found(/** @type {ElementType} */ (op.type), stamp);
    const wrote = this.#write(op, initialStamp(stamp));
    const drew = op.type === "stroke" && this.#draw(stamp[1], 0, op.points ?? []);
    return found || wrote || drew;
  }

  /**
   * @param {ElementType} type
   * @param {Stamp} stamp
   */
  #found(type, stamp) {
    if (this.created && compareStamps(stamp, this.created) >= 0) return false;
    this.created = stamp;
    this.type = type;
    this.#place = undefined;
    return true;
  }

  /**
   * @param {object} properties reserved names among them are skipped
   * @param {Stamp} stamp
   */
  #write(properties, stamp) {
    let changed = false;
    for (const [name, value] of Object.entries(properties)) {
      if (!RESERVED.has(name)) changed = this.#register(name, value, stamp) || changed;
    }
    return changed;
  }

  /**
   * @param {string} name
   * @param {unknown} value
   * @param {Stamp} stamp
   */
  #register(name, value, stamp) {
    const standing = this.#registers.get(name);
    if (standing && compareStamps(stamp, standing.stamp) <= 0) return false;
    this.#registers.set(name, { value, stamp });
    if (name === "z") this.#place = undefined;
    return true;
  }

  /**
   * @param {string} client
   * @param {number} from
   * @param {WirePoint[]} points
   */
  #draw(client, from, points) {
    if (points.length === 0) return false;
    let ink = this.#ink.get(client);
    if (!ink) this.#ink.set(client, (ink = new Ink()));
    return ink.add(from, points);
  }

  /** @param {boolean} changed */
  #changed(changed) {
    if (changed) this.#view = undefined;
    return changed;
  }

  #isDeleted() {
    return this.#registers.get(TOMBSTONE)?.value === true;
  }

  /** @param {Stamp} created */
  #findPlace(created) {
    const z = this.#registers.get("z")?.value;
    return { id: this.id, key: typeof z === "string" ? z : orderKey(created[0]), created };
  }

  /** @param {Stamp} created */
  #draft(created) {
    const shown = [...this.#registers].filter(([name, one]) => one.value !== null && name !== TOMBSTONE);
    const properties = Object.fromEntries(shown.map(([name, one]) => [name, one.value]));
    const points = this.#shown()?.shown ?? NO_POINTS;
    return /** @type {ElementView} */ ({ ...properties, id: this.id, type: this.type, by: created[1], created, points });
  }

  /** The ink that is drawn: the author's, of a stroke. */
  #shown() {
    return this.type === "stroke" && this.created ? this.#ink.get(this.created[1]) : undefined;
  }

  /** Points that `points` leaves out. @param {Ink|undefined} shown */
  #hiddenInk(shown) {
    /** @type {[string, [number, WirePoint[]][]][]} */
    const hidden = [];
    for (const [client, ink] of this.#ink) {
      const runs = ink.runs();
      const kept = ink === shown ? runs.filter(([from]) => from > 0) : runs;
      if (kept.length > 0) hidden.push([client, kept]);
    }
    return hidden.length > 0 ? { ink: Object.fromEntries(hidden) } : {};
  }
}

/** Points of one client in one element: a grow-only map from index to point. */
class Ink {
  /** The contiguous run from index 0, flat: x, y, pressure or -1. @type {number[]} */
  shown = [];
  /** Points beyond a gap, by index. @type {Map<number, [number, number, number]>} */
  #loose = new Map();

  /**
   * @param {number} from index of the first point
   * @param {WirePoint[]} points
   * @returns {boolean} whether anything changed
   */
  add(from, points) {
    let changed = false;
    for (const [offset, point] of points.entries()) {
      // `+ 0` makes -0 plain: two replicas must not differ in a sign that equality cannot see
      const next = this.#put(from + offset, point[0] + 0, point[1] + 0, (point[2] ?? NO_PRESSURE) + 0);
      changed = next || changed;
    }
    return changed;
  }

  /** The contiguous run from index 0 as it goes over the wire. */
  wire() {
    const points = [];
    for (let at = 0; at < this.shown.length; at += 3) {
      points.push(wirePoint(this.shown[at], this.shown[at + 1], this.shown[at + 2]));
    }
    return points;
  }

  /** All points as maximal runs, ascending. @returns {[from: number, points: WirePoint[]][]} */
  runs() {
    /** @type {[number, WirePoint[]][]} */
    const runs = this.shown.length > 0 ? [[0, this.wire()]] : [];
    let end = -1;
    for (const index of [...this.#loose.keys()].sort((a, b) => a - b)) {
      const [x, y, pressure] = /** @type {[number, number, number]} */ (this.#loose.get(index));
      if (index !== end) runs.push([index, []]);
      runs[runs.length - 1][1].push(wirePoint(x, y, pressure));
      end = index + 1;
    }
    return runs;
  }

  /** An independent copy. */
  copy() {
    const twin = new Ink();
    twin.shown = this.shown.slice();
    twin.#loose = new Map(this.#loose);
    return twin;
  }

  /**
   * @param {number} index
   * @param {number} x
   * @param {number} y
   * @param {number} pressure
   */
  #put(index, x, y, pressure) {
    const at = index * 3;
    if (at < this.shown.length) return this.#lower(at, x, y, pressure);
    if (at > this.shown.length) return this.#keep(index, x, y, pressure);
    this.shown.push(x, y, pressure);
    if (this.#loose.size > 0) this.#closeGap(index + 1);
    return true;
  }

  /**
   * @param {number} at
   * @param {number} x
   * @param {number} y
   * @param {number} pressure
   */
  #lower(at, x, y, pressure) {
    const { shown } = this;
    if (!isSmaller(x, y, pressure, shown[at], shown[at + 1], shown[at + 2])) return false;
    shown[at] = x;
    shown[at + 1] = y;
    shown[at + 2] = pressure;
    return true;
  }

  /**
   * @param {number} index
   * @param {number} x
   * @param {number} y
   * @param {number} pressure
   */
  #keep(index, x, y, pressure) {
    const standing = this.#loose.get(index);
    if (standing && !isSmaller(x, y, pressure, ...standing)) return false;
    this.#loose.set(index, [x, y, pressure]);
    return true;
  }

  /** Draw in the loose points that now follow without a gap. @param {number} index */
  #closeGap(index) {
    for (let point = this.#loose.get(index); point; point = this.#loose.get(++index)) {
      this.shown.push(...point);
      this.#loose.delete(index);
    }
  }
}

/**
 * Whether point a is smaller than point b, as the numbers [x, y, pressure or -1].
 * @param {number} ax @param {number} ay @param {number} ap
 * @param {number} bx @param {number} by @param {number} bp
 */
function isSmaller(ax, ay, ap, bx, by, bp) {
  if (ax !== bx) return ax < bx;
  if (ay !== by) return ay < by;
  return ap < bp;
}

/** @param {number} x @param {number} y @param {number} pressure @returns {WirePoint} */
function wirePoint(x, y, pressure) {
  return pressure === NO_PRESSURE ? [x, y] : [x, y, pressure];
}

/**
 * @param {Record<string, Stamp>|undefined} stamps
 * @param {string} name may be any, "constructor" too
 */
function own(stamps, name) {
  return stamps && Object.hasOwn(stamps, name) ? stamps[name] : undefined;
}
