// @ts-check
/**
 * Ink: from the raw movements of a pointer to points worth sending, and from points to the outline that is
 * filled. Pure; what is drawn depends on the points alone, so everybody sees the same stroke.
 *
 * @typedef {[number, number, number]} InkPoint x, y in board units; pressure 0..1
 * @typedef {{x:number, y:number, t:number, pressure:number|null}} Sample t in ms; pressure null: not a pen
 */

/** Share of the way that a smoothed point goes towards the raw one in 8 ms: a pen is precise, a mouse shakes. */
const FOLLOW = { pen: 0.8, other: 0.55 };
const FRAME_MS = 8;
/** Speed, in screen pixels per ms, at which a mouse line is at its thinnest. */
const FAST = 2.6;
const SLOW_PRESSURE = 0.68;
const FAST_PRESSURE = 0.3;
const PRESSURE_SETTLE_MS = 70;
/** Directions that differ by more than about 78° are a corner and stay one. */
const CORNER_COS = 0.2;
const CAP_STEPS = 7;
/** How far rounding may keep off a corner, in board units, and as a share of the shorter side: a curve through
 * sparse points stays round, a pentagon drawn fast stays a pentagon. */
const MAX_CUT = 2.5;
const MAX_CUT_SHARE = 0.04;
/** A dot is made by a hand that presses: even the thinnest pen's can be seen. */
const DOT_SHARE = 0.75;
const DOT_RADIUS = 1.5;

/** @param {number} v */
export const round2 = (v) => Math.round(v * 100) / 100;

/** Takes the tremble out of a pointer's way and gives every point a pressure. */
export class Smoother {
  /** @param {number} zoom screen pixels per board unit @param {boolean} isPen */
  constructor(zoom, isPen) {
    this.zoom = zoom;
    this.follow = isPen ? FOLLOW.pen : FOLLOW.other;
    /** @type {Sample|null} */
    this.last = null;
    this.x = 0;
    this.y = 0;
    this.pressure = 0.45;
  }

  /** @param {Sample} sample @returns {InkPoint} */
  push(sample) {
    if (!this.last) return this.begin(sample);
    const dt = Math.max(1, sample.t - this.last.t);
    const t = 1 - (1 - this.follow) ** (dt / FRAME_MS);
    const speed = (Math.hypot(sample.x - this.last.x, sample.y - this.last.y) * this.zoom) / dt;
    this.x += (sample.x - this.x) * t;
    this.y += (sample.y - this.y) * t;
    this.pressure = sample.pressure === null
      ? settle(this.pressure, speedPressure(speed), dt)
      : this.pressure + ((sample.pressure || this.pressure) - this.pressure) * 0.6; // a pen being lifted reports 0
    this.last = sample;
    return [this.x, this.y, this.pressure];
  }

  /** The raw end: where the hand really stopped. @returns {InkPoint|null} */
  end() {
    return this.last && [this.last.x, this.last.y, this.pressure];
  }

  /** @param {Sample} sample @returns {InkPoint} */
  begin(sample) {
    this.last = sample;
    this.x = sample.x;
    this.y = sample.y;
    if (sample.pressure !== null) this.pressure = sample.pressure;
    return [sample.x, sample.y, this.pressure];
  }
}

/** Pressure that a line without a pen gets from its speed. @param {number} speed screen px per ms */
export function speedPressure(speed) {
  return SLOW_PRESSURE - (SLOW_PRESSURE - FAST_PRESSURE) * Math.min(1, speed / FAST);
}

/** @param {number} value @param {number} target @param {number} dt */
function settle(value, target, dt) {
  return value + (target - value) * (1 - Math.exp(-dt / PRESSURE_SETTLE_MS));
}

/**
 * Leaves out points that the line does not need, while it is being drawn: what was given out never changes,
 * so it can be sent at once and appended to.
 */
export class Simplifier {
  /** @param {number} tolerance board units that a left-out point may lie off the line */
  constructor(tolerance) {
    this.tolerance = tolerance;
    /** @type {InkPoint|null} last point given out */
    this.anchor = null;
    /** @type {InkPoint[]} points since the anchor, not given out yet */
    this.waiting = [];
  }

  /** @param {InkPoint} point @returns {InkPoint[]} points that are settled now, rounded */
  push(point) {
    if (!this.anchor) return [this.give(point)];
    const [ax, ay] = this.anchor;
    if (this.waiting.length === 0 && Math.hypot(point[0] - ax, point[1] - ay) < this.tolerance) return [];
    if (this.fits(point)) {
      this.waiting.push(point);
      return [];
    }
    const settled = this.give(/** @type {InkPoint} */ (this.waiting.at(-1)));
    this.waiting = [point];
    return [settled];
  }

  /** Gives out the newest point even if a later one might have made it needless. @returns {InkPoint[]} */
  flush() {
    const newest = this.waiting.at(-1);
    this.waiting = [];
    return newest ? [this.give(newest)] : [];
  }

  /** What `flush` would give out now. @returns {InkPoint[]} */
  pending() {
    const newest = this.waiting.at(-1);
    return newest ? [rounded(newest)] : [];
  }

  /** Would the line from the anchor straight to `point` pass near all waiting points? @param {InkPoint} point */
  fits(point) {
    const [ax, ay, ap] = /** @type {InkPoint} */ (this.anchor);
    const dx = point[0] - ax, dy = point[1] - ay, length = Math.hypot(dx, dy);
    return this.waiting.every(([x, y, p]) => {
      if (length === 0) return false;
      const along = ((x - ax) * dx + (y - ay) * dy) / (length * length);
      const off = Math.abs((x - ax) * dy - (y - ay) * dx) / length;
      return along >= 0 && along <= 1 && off <= this.tolerance && Math.abs(ap + (point[2] - ap) * along - p) <= 0.06;
    });
  }

  /** @param {InkPoint} point @returns {InkPoint} */
  give(point) {
    this.anchor = rounded(point);
    return this.anchor;
  }
}

/** As it is sent and stored. @param {InkPoint} point @returns {InkPoint} */
function rounded([x, y, pressure]) {
  return [round2(x), round2(y), round2(Math.max(0, Math.min(1, pressure)))];
}

/** Half the drawn width at a pressure; below 0 there is none, and the line is even. @param {number} width @param {number} pressure */
export function radiusAt(width, pressure) {
  return width * (0.2 + 0.6 * (pressure < 0 ? 0.5 : pressure));
}

/** @param {number} width @param {number} pressure */
export function dotRadius(width, pressure) {
  return Math.max(radiusAt(width, pressure), Math.min(DOT_RADIUS, width * DOT_SHARE));
}

/**
 * Outlines of a stroke: closed polygons, all turning the same way, whose union (nonzero winding) is the ink.
 * A stroke is cut at its sharp corners, so that no outline folds over itself there.
 * @param {readonly number[]} points flat: x, y, pressure (below 0: none given), …
 * @param {number} width board units
 * @returns {number[][]} flat lists x0, y0, x1, y1, …
 */
export function outline(points, width) {
  const line = withoutRepeats(points);
  if (line.length === 0) return [];
  if (line.length === 3) return [dot(line, dotRadius(width, line[2]))];
  return smoothRuns(line).map((run) => ribbon(run, width));
}

/** @param {readonly number[]} line */
export function withoutRepeats(line) {
  let repeats = false;
  for (let i = 3; i < line.length && !repeats; i += 3) repeats = line[i] === line[i - 3] && line[i + 1] === line[i - 2];
  if (!repeats) return line;
  const out = /** @type {number[]} */ ([]);
  for (let i = 0; i < line.length; i += 3) {
    const n = out.length;
    if (n === 0 || line[i] !== out[n - 3] || line[i + 1] !== out[n - 2]) out.push(line[i], line[i + 1], line[i + 2]);
  }
  return out;
}

/** Cuts a line at its sharp corners; the corner belongs to both sides. @param {readonly number[]} line */
function smoothRuns(line) {
  const runs = [];
  let start = 0;
  for (let i = 3; i < line.length - 3; i += 3) {
    if (cosAt(line, i) < CORNER_COS) {
      runs.push(line.slice(start, i + 3));
      start = i;
    }
  }
  runs.push(start === 0 ? line : line.slice(start));
  return runs;
}

/** Cosine of the turn at a point inside a line. @param {readonly number[]} line @param {number} i its offset */
function cosAt(line, i) {
  const ux = line[i] - line[i - 3], uy = line[i + 1] - line[i - 2];
  const vx = line[i + 3] - line[i], vy = line[i + 4] - line[i + 1];
  return (ux * vx + uy * vy) / Math.sqrt((ux * ux + uy * uy) * (vx * vx + vy * vy));
}

/** @param {readonly number[]} center @param {number} radius */
function dot(center, radius) {
  const out = /** @type {number[]} */ ([]);
  arc(out, center[0], center[1], radius, 0, 2 * CAP_STEPS, -Math.PI / CAP_STEPS);
  return out;
}

/** @param {number[]} out */
function arc(out, /** @type {number} */ cx, /** @type {number} */ cy, /** @type {number} */ radius, /** @type {number} */ from, /** @type {number} */ steps, /** @type {number} */ step) {
  for (let i = 0; i < steps; i++) {
    out.push(cx + radius * Math.cos(from + i * step), cy + radius * Math.sin(from + i * step));
  }
}

/** Outline of a line without sharp corners: one side there, a round end, the other side back, a round end.
 * @param {readonly number[]} run @param {number} width */
function ribbon(run, width) {
  const left = /** @type {number[]} */ ([]), right = /** @type {number[]} */ ([]);
  const last = run.length - 3;
  let tx = 0, ty = 0, mitre = 1, startAngle = 0;
  for (let i = 0; i <= last; i += 3) {
    const x = run[i], y = run[i + 1];
    let r = radiusAt(width, run[i + 2]);
    [tx, ty, mitre] = tangent(run, i, 2 * r);
    if (i === 0) startAngle = Math.atan2(ty, tx);
    r *= mitre;
    keep(left, x - ty * r, y + tx * r, tx, ty);
    keep(right, x + ty * r, y - tx * r, tx, ty);
  }
  const step = -Math.PI / CAP_STEPS, endAngle = Math.atan2(ty, tx);
  arc(left, run[last], run[last + 1], radiusAt(width, run[last + 2]), endAngle + Math.PI / 2 + step, CAP_STEPS - 1, step);
  for (let i = right.length - 2; i >= 0; i -= 2) left.push(right[i], right[i + 1]);
  arc(left, run[0], run[1], radiusAt(width, run[2]), startAngle - Math.PI / 2 + step, CAP_STEPS - 1, step);
  return left;
}

/** Unit direction of the line at a point, and how much farther off its sides lie there than elsewhere, so that
 * a bend is no thinner than what leads to it; where points lie closer than the line is thick, that would show
 * every tremble. @param {readonly number[]} run @param {number} i @param {number} thickness @returns {[number, number, number]} */
function tangent(run, i, thickness) {
  let x = 0, y = 0, shorter = i === 0 || i + 3 >= run.length ? 0 : thickness;
  for (const j of [i - 3, i]) {
    if (j < 0 || j + 3 >= run.length) continue;
    const dx = run[j + 3] - run[j], dy = run[j + 4] - run[j + 1], length = Math.sqrt(dx * dx + dy * dy);
    x += dx / length;
    y += dy / length;
    shorter = Math.min(shorter, length);
  }
  const length = Math.sqrt(x * x + y * y) || 1;
  return [x / length, y / length, 1 + (2 / length - 1) * (shorter / thickness)];
}

/** Adds a side point unless the side would run backwards there (the inside of a tight bend).
 * @param {number[]} side */
function keep(side, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ tx, /** @type {number} */ ty) {
  const n = side.length;
  if (n >= 2 && (x - side[n - 2]) * tx + (y - side[n - 1]) * ty <= 0) return;
  side.push(x, y);
}

/**
 * @typedef {{moveTo(x:number,y:number):void, lineTo(x:number,y:number):void, quadraticCurveTo(cx:number,cy:number,x:number,y:number):void}} Path
 */

/** Traces polygons smoothly: from the middle of each edge to the next. @param {Path & {closePath():void}} path @param {number[][]} polygons */
export function trace(path, polygons) {
  for (const p of polygons) {
    const n = p.length;
    path.moveTo((p[n - 2] + p[0]) / 2, (p[n - 1] + p[1]) / 2);
    for (let i = 0; i < n; i += 2) {
      const h = i > 0 ? i - 2 : n - 2, j = i + 2 < n ? i + 2 : 0;
      roundCorner(path, p[h], p[h + 1], p[i], p[i + 1], p[j], p[j + 1]);
    }
    path.closePath();
  }
}

/** Traces a line itself, as smoothly. @param {Path} path @param {readonly number[]} points flat: x, y, pressure, … */
export function traceLine(path, points) {
  const end = points.length - 3;
  path.moveTo(points[0], points[1]);
  for (let i = 3; i < end; i += 3) roundCorner(path, points[i - 3], points[i - 2], points[i], points[i + 1], points[i + 3], points[i + 4]);
  path.lineTo(points[end], points[end + 1]);
}

/** From the middle of the way to a corner to the middle of the way from it, with the corner as control point;
 * where that would cut the corner too far, along the ways until near it. @param {Path} path */
function roundCorner(path, /** @type {number} */ fromX, /** @type {number} */ fromY, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ toX, /** @type {number} */ toY) {
  const ax = (fromX - x) / 2, ay = (fromY - y) / 2, bx = (toX - x) / 2, by = (toY - y) / 2;
  const a = Math.sqrt(ax * ax + ay * ay), b = Math.sqrt(bx * bx + by * by), reach = roundedFrom(ax * bx + ay * by, a, b);
  const from = Math.min(1, reach / a), to = Math.min(1, reach / b);
  if (from < 1) path.lineTo(x + ax * from, y + ay * from);
  path.quadraticCurveTo(x, y, x + bx * to, y + by * to);
  if (to < 1) path.lineTo(x + bx, y + by);
}

/** How far before a corner its rounding begins. @param {number} dot product of the ways from the corner to the middles of its edges
 * @param {number} a length of the one @param {number} b length of the other */
function roundedFrom(dot, a, b) {
  const sine = Math.sqrt(Math.max(0, 1 + dot / (a * b || 1)) / 2); // of half the turn: the ways are opposite where there is none
  const cut = Math.max(MAX_CUT, MAX_CUT_SHARE * 2 * Math.min(a, b));
  return sine * Math.min(a, b) <= 2 * cut ? Infinity : (2 * cut) / sine;
}
