// @ts-check
/**
 * How each type of element is painted. A context comes in board coordinates; a painter leaves it as it was.
 * New types add a painter to the table. Colours pass through the theme, so stored ones stay untouched.
 *
 * @typedef {import("./scene.js").Item} Item
 * @typedef {import("../types.js").Element} Element
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {import("../pictures/album.js").Entry} Picture
 * @typedef {{color(stored: string): string, paper(stored: string): string, isDark: boolean, picture(asset: unknown, id: string): Pick<Picture, "state"|"bitmap">}} Theme
 *   `paper`: of notes; `picture`: what there is of one, by the element that shows it
 * @typedef {(ctx: Context, item: Item, theme: Theme, zoom: number) => void} Painter
 */
import { darkPaper, onDark, parseHex } from "./color.js";
import { arrowHead, drawnWidth, extentOf, isLinear, plainBox, rotationOf, shownPoints, widthOf } from "./geometry.js";
import { dotRadius, outline, trace, traceLine, withoutRepeats } from "./ink.js";
import { FONT, LINE_HEIGHT, measureText, NOTE, NOTE_PAD, noteLines, textSizeOf } from "./text.js";

const INK = "#1e1e1e";

/** @type {Map<string, string>} */
const normalised = new Map();
const probe = typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d");

/** Any CSS colour as `#rrggbb`, so that the dark mapping understands it; ink for what is none. @param {string} color */
function normalise(color) {
  if (parseHex(color) || !probe) return color;
  let known = normalised.get(color);
  if (known === undefined) {
    probe.fillStyle = INK;
    probe.fillStyle = color;
    normalised.set(color, (known = String(probe.fillStyle)));
  }
  return known;
}

/** @param {boolean} isDark @param {Theme["picture"]} picture @returns {Theme} */
export function makeTheme(isDark, picture) {
  const [ink, paper] = isDark ? [onDark, darkPaper] : [(/** @type {string} */ c) => c, (/** @type {string} */ c) => c];
  return { isDark, picture, color: (stored) => ink(normalise(stored)), paper: (stored) => paper(normalise(stored)) };
}

/** @param {Element} el @param {Theme} theme */
const inkOf = (el, theme) => theme.color(typeof el.color === "string" ? el.color : INK);

/** A line that is thinner on the screen would break up into grey specks. */
const HAIRLINE_PX = 1;
/** A stroke that is hardly wider is drawn as an even line: where it is pressed least, it would be thinner. */
const THIN_PX = 1.3;

/** @type {Painter} */
function paintStroke(ctx, item, theme, zoom) {
  const { el } = item, x = el.x ?? 0, y = el.y ?? 0;
  ctx.translate(x, y);
  ctx.fillStyle = ctx.strokeStyle = inkOf(el, theme);
  if (widthOf(el) * zoom < THIN_PX) drawThin(ctx, el, zoom);
  else fillOutline(ctx, item);
  ctx.translate(-x, -y);
}

/** @param {Context} ctx @param {Item} item */
function fillOutline(ctx, item) {
  if (!item.path) {
    item.path = new Path2D();
    trace(item.path, outline(shownPoints(item.el), widthOf(item.el)));
  }
  ctx.fill(item.path);
}

/** @param {Context} ctx @param {Element} el @param {number} zoom */
function drawThin(ctx, el, zoom) {
  const line = withoutRepeats(shownPoints(el)), hairline = HAIRLINE_PX / zoom;
  ctx.beginPath();
  if (line.length === 3) { // a line of no length would not be drawn
    ctx.arc(line[0], line[1], Math.max(dotRadius(widthOf(el), line[2]), hairline), 0, 2 * Math.PI);
    ctx.fill();
    return;
  }
  ctx.lineWidth = Math.max(widthOf(el), hairline);
  ctx.lineCap = ctx.lineJoin = "round";
  traceLine(ctx, line);
  ctx.stroke();
}

/** @param {Context} ctx @param {Element} el */
function shapePath(ctx, el) {
  const box = plainBox(el, measureText);
  if (!box) return;
  const { minX: x, minY: y } = box, w = box.maxX - x, h = box.maxY - y;
  ctx.beginPath();
  if (el.kind === "ellipse") ctx.ellipse(x + w / 2, y + h / 2, w / 2, h / 2, 0, 0, 2 * Math.PI);
  else if (el.kind === "diamond") diamondPath(ctx, x, y, w, h);
  else ctx.roundRect(x, y, w, h, Math.min(10, w / 6, h / 6));
}

/** @param {Context} ctx */
function diamondPath(ctx, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) {
  ctx.moveTo(x + w / 2, y);
  ctx.lineTo(x + w, y + h / 2);
  ctx.lineTo(x + w / 2, y + h);
  ctx.lineTo(x, y + h / 2);
  ctx.closePath();
}

/** @param {Context} ctx @param {Element} el */
function linePath(ctx, el) {
  const x = el.x ?? 0, y = el.y ?? 0, { w, h } = extentOf(el);
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + w, y + h);
  if (el.kind !== "arrow") return;
  const [a, tip, b] = arrowHead(el);
  ctx.moveTo(...a);
  ctx.lineTo(...tip);
  ctx.lineTo(...b);
}

/** @type {Painter} */
function paintShape(ctx, { el }, theme, zoom) {
  ctx.lineWidth = Math.max(drawnWidth(el), HAIRLINE_PX / zoom);
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.strokeStyle = inkOf(el, theme);
  if (isLinear(el)) {
    linePath(ctx, el);
  } else {
    shapePath(ctx, el);
    if (el.fill && el.fill !== "transparent") {
      ctx.fillStyle = theme.color(el.fill);
      ctx.fill();
    }
  }
  ctx.stroke();
}

/** Draws lines of text with their box's top left corner at x, y. */
function textLines(/** @type {Context} */ ctx, /** @type {readonly string[]} */ lines, /** @type {number} */ size, /** @type {number} */ x, /** @type {number} */ y) {
  ctx.font = `${size}px ${FONT}`;
  ctx.textBaseline = "alphabetic";
  const m = ctx.measureText("M");
  const ascent = m.fontBoundingBoxAscent ?? size * 0.8, descent = m.fontBoundingBoxDescent ?? size * 0.2;
  const first = y + (size * LINE_HEIGHT - ascent - descent) / 2 + ascent;
  lines.forEach((line, i) => ctx.fillText(line, x, first + i * size * LINE_HEIGHT));
}

/** @type {Painter} */
function paintText(ctx, { el }, theme) {
  ctx.fillStyle = inkOf(el, theme);
  textLines(ctx, String(el.text ?? "").split("\n"), textSizeOf(el), el.x ?? 0, el.y ?? 0);
}

/** @type {Painter} */
function paintNote(ctx, { el }, theme) {
  const box = plainBox(el, measureText);
  if (!box) return;
  const { minX: x, minY: y, maxX, maxY } = box;
  ctx.fillStyle = theme.paper(typeof el.color === "string" ? el.color : NOTE.color);
  ctx.beginPath();
  ctx.roundRect(x, y, maxX - x, maxY - y, 6);
  ctx.fill();
  ctx.fillStyle = theme.color(INK);
  textLines(ctx, noteLines(el, measureText), textSizeOf(el), x + NOTE_PAD.x, y + NOTE_PAD.y);
}

/** Sides of the sign that stands for a picture that is not here, at most. */
const SIGN = 56;
const SIGN_SHARE = 0.4;

/** @type {Painter} */
function paintImage(ctx, item, theme) {
  const box = plainBox(item.el, measureText);
  if (!box) return;
  const { minX: x, minY: y } = box, w = box.maxX - x, h = box.maxY - y, { state, bitmap } = theme.picture(item.el.asset, item.id);
  if (bitmap) {
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(bitmap, x, y, w, h);
    return;
  }
  ctx.fillStyle = theme.paper("#e9ecef");
  ctx.fillRect(x, y, w, h);
  paintSign(ctx, x + w / 2, y + h / 2, Math.min(SIGN, w * SIGN_SHARE, h * SIGN_SHARE), theme, state === "missing");
}

/** A small landscape in a frame, crossed out for what is missing. @param {Context} ctx */
function paintSign(ctx, /** @type {number} */ cx, /** @type {number} */ cy, /** @type {number} */ side, /** @type {Theme} */ theme, /** @type {boolean} */ isMissing) {
  const at = (/** @type {number} */ u, /** @type {number} */ v) => /** @type {[number, number]} */ ([cx + u * side, cy + v * side]);
  ctx.strokeStyle = theme.color("#868e96");
  ctx.lineWidth = side / 16;
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.beginPath();
  ctx.roundRect(...at(-0.5, -0.4), side, side * 0.8, side / 10);
  ctx.moveTo(...at(-0.4, 0.3));
  for (const [u, v] of [[-0.15, -0.05], [0.05, 0.2], [0.18, 0.05], [0.4, 0.3]]) ctx.lineTo(...at(u, v));
  ctx.moveTo(...at(0.28, -0.18));
  ctx.arc(...at(0.2, -0.18), side * 0.08, 0, 2 * Math.PI);
  if (isMissing) {
    ctx.moveTo(...at(-0.55, 0.5));
    ctx.lineTo(...at(0.55, -0.5));
  }
  ctx.stroke();
}

/** What this page cannot draw yet still shows where it is. @type {Painter} */
function paintUnknown(ctx, { el }, theme) {
  const box = plainBox(el, measureText);
  if (!box) return;
  ctx.strokeStyle = theme.color("#868e96");
  ctx.lineWidth = 1;
  ctx.setLineDash([6, 4]);
  ctx.strokeRect(box.minX, box.minY, box.maxX - box.minX, box.maxY - box.minY);
  ctx.setLineDash([]);
}

/** @type {Record<string, Painter>} */
export const painters = { stroke: paintStroke, shape: paintShape, text: paintText, note: paintNote, image: paintImage };

/** Below this size on the screen an element is a speck and is drawn as one. */
const SPECK_PX = 1.5;

/** @param {Context} ctx @param {Item} item @param {Theme} theme @param {number} zoom */
export function paint(ctx, item, theme, zoom) {
  const { el, box } = item;
  if (Math.max(box.maxX - box.minX, box.maxY - box.minY) * zoom < SPECK_PX) {
    ctx.fillStyle = inkOf(el, theme);
    const side = SPECK_PX / zoom; // about its middle: wherever that lies between pixels, one of them is filled
    ctx.fillRect((box.minX + box.maxX - side) / 2, (box.minY + box.maxY - side) / 2, side, side);
    return;
  }
  const angle = rotationOf(el), isPlain = angle === 0 && (el.opacity ?? 1) === 1;
  if (isPlain) {
    (painters[el.type] ?? paintUnknown)(ctx, item, theme, zoom);
    return;
  }
  ctx.save();
  ctx.globalAlpha *= Math.max(0, Math.min(1, el.opacity ?? 1));
  if (angle) turn(ctx, el, angle);
  (painters[el.type] ?? paintUnknown)(ctx, item, theme, zoom);
  ctx.restore();
}

/** @param {Context} ctx @param {Element} el @param {number} angle */
function turn(ctx, el, angle) {
  const box = plainBox(el, measureText);
  if (!box) return;
  const cx = (box.minX + box.maxX) / 2, cy = (box.minY + box.maxY) / 2;
  ctx.translate(cx, cy);
  ctx.rotate(angle);
  ctx.translate(-cx, -cy);
}
