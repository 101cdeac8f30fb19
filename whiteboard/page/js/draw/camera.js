// @ts-check
/**
 * Where the viewer looks: x and y are the board coordinates of the view's top left corner, z is the
 * zoom (screen pixels per board unit). Pure: every function gives a new camera.
 *
 * @typedef {{x:number, y:number, z:number}} Camera
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {{top:number, right:number, bottom:number, left:number}} Insets screen pixels that are covered at the edges
 */

export const MIN_ZOOM = 0.05;
export const MAX_ZOOM = 30;
const FIT_MARGIN = 36;
/** What little there is, is shown no larger than this when somebody asks for all of it. */
const FIT_MAX_ZOOM = 2;
/** Browsers report a notch of a mouse wheel as this, at any scale of the display; a touchpad's way as thrice its pixels. */
const NOTCH = 120;
const TOUCHPAD_RATIO = -3;
/** Where a browser does not say: one event of a touchpad at the beginning of a gesture is hardly as much. */
const NOTCH_PX = 40;

/** @param {number} z */
export const clampZoom = (z) => Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, z));

/** @param {Camera} camera @param {number} sx @param {number} sy */
export function toBoard(camera, sx, sy) {
  return { x: camera.x + sx / camera.z, y: camera.y + sy / camera.z };
}

/** @param {Camera} camera @param {number} x @param {number} y */
export function toScreen(camera, x, y) {
  return { x: (x - camera.x) * camera.z, y: (y - camera.y) * camera.z };
}

/** Moves what is seen by a screen distance, as a hand pushes paper. @param {Camera} camera @param {number} dx @param {number} dy @returns {Camera} */
export function panBy(camera, dx, dy) {
  return { x: camera.x - dx / camera.z, y: camera.y - dy / camera.z, z: camera.z };
}

/** Zooms so that the board point under the screen point stays there. @param {Camera} camera @param {number} z @param {number} sx @param {number} sy @returns {Camera} */
export function zoomAt(camera, z, sx, sy) {
  const to = clampZoom(z), at = toBoard(camera, sx, sy);
  return { x: at.x - sx / to, y: at.y - sy / to, z: to };
}

/** Follows two fingers: the board points that were under them stay under them as well as a turnless view can.
 * @param {Camera} camera @param {{x:number,y:number,spread:number}} from @param {{x:number,y:number,spread:number}} to @returns {Camera} */
export function pinch(camera, from, to) {
  const z = clampZoom(camera.z * (from.spread > 0 ? to.spread / from.spread : 1));
  const at = toBoard(camera, from.x, from.y);
  return { x: at.x - to.x / z, y: at.y - to.y / z, z };
}

/** What the view shows, in board coordinates. @param {Camera} camera @param {number} width screen px @param {number} height screen px @returns {Box} */
export function viewBox(camera, width, height) {
  return { minX: camera.x, minY: camera.y, maxX: camera.x + width / camera.z, maxY: camera.y + height / camera.z };
}

/** Camera that shows the whole box in the middle of what is not covered; the usual view for none.
 * @param {Box|null} box @param {number} width @param {number} height @param {Insets} [insets] @param {number} [maxZoom] @returns {Camera} */
export function fit(box, width, height, { top, right, bottom, left } = { top: 0, right: 0, bottom: 0, left: 0 }, maxZoom = FIT_MAX_ZOOM) {
  if (!box) return { x: -width / 2, y: -height / 2, z: 1 };
  const w = Math.max(1, box.maxX - box.minX), h = Math.max(1, box.maxY - box.minY);
  const freeW = Math.max(width / 3, width - left - right), freeH = Math.max(height / 3, height - top - bottom);
  const margin = Math.min(FIT_MARGIN, freeW / 6, freeH / 6);
  const z = Math.min(maxZoom, clampZoom(Math.min((freeW - 2 * margin) / w, (freeH - 2 * margin) / h)));
  return { x: (box.minX + box.maxX) / 2 - (left + freeW / 2) / z, y: (box.minY + box.maxY) / 2 - (top + freeH / 2) / z, z };
}

/** Puts the camera on whole device pixels, so that a drawn picture can be shifted without blur. @param {Camera} camera @param {number} ratio device pixels per screen pixel @returns {Camera} */
export function snap(camera, ratio) {
  const unit = camera.z * ratio;
  return { x: Math.round(camera.x * unit) / unit, y: Math.round(camera.y * unit) / unit, z: camera.z };
}

/**
 * What a turn of the wheel means. A mouse wheel comes in notches and zooms; a touchpad comes in small or
 * slanted steps and pans; Ctrl (also what browsers report for a touchpad pinch) always zooms.
 * A gesture keeps its kind while it lasts, because a fast flick on a touchpad also makes large steps; but
 * what goes sideways is no wheel, whatever it seemed to be.
 * @param {{deltaX:number, deltaY:number, deltaMode:number, wheelDelta?:number, ctrl:boolean, shift:boolean}} e
 *   wheelDelta: the event's `wheelDeltaY`, where the browser has it
 * @param {"pan"|"zoom"|null} ongoing kind of the gesture that this event continues
 * @returns {"pan"|"zoom"}
 */
export function wheelKind(e, ongoing) {
  if (e.ctrl) return "zoom";
  if (e.shift) return "pan";
  if (e.deltaX !== 0) return "pan";
  if (ongoing) return ongoing;
  return e.deltaMode !== 0 || isNotch(e.deltaY, e.wheelDelta ?? 0) ? "zoom" : "pan";
}

/** @param {number} deltaY pixels, of whatever size the display's scale makes them @param {number} wheelDelta 0: unknown */
function isNotch(deltaY, wheelDelta) {
  if (wheelDelta !== 0 && wheelDelta % NOTCH === 0) return true;
  return Math.abs(deltaY) >= NOTCH_PX && wheelDelta !== TOUCHPAD_RATIO * deltaY;
}

/** Zoom factor of a wheel step, gentle and the same up as down. @param {number} deltaY pixels @param {boolean} isPinch */
export function wheelFactor(deltaY, isPinch) {
  const step = Math.max(-60, Math.min(60, deltaY));
  return Math.exp(-step * (isPinch ? 0.01 : 0.0035));
}
