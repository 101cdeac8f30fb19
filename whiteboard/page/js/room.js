// @ts-check
/**
 * The part of the view that nothing covers: not the bars around the board, not a phone's keyboard. Pure.
 *
 * @typedef {import("./draw/camera.js").Insets} Insets
 * @typedef {{left:number, top:number, right:number, bottom:number}} Rect screen pixels in the stage
 * @typedef {{width:number, height:number, offsetLeft:number, offsetTop:number}} VisualView as `window.visualViewport`
 */

/** Up to here the colours are behind a button, not at the side (css/page.css). */
const NARROW_PX = 720;
const LOW_PX = 580;
const BAR_PX = 64;
/** On a narrow screen undo stands above the tools. */
const TWO_BARS_PX = 120;
const EDGE_PX = 12;

/** What the bars cover at each edge. @param {number} width @param {number} height @returns {Insets} */
export function insets(width, height) {
  const isNarrow = width <= NARROW_PX, hasColorsAtSide = !isNarrow && height > LOW_PX;
  return { top: BAR_PX, right: 0, bottom: isNarrow ? TWO_BARS_PX : BAR_PX, left: hasColorsAtSide ? BAR_PX : 0 };
}

/**
 * Where the caret can be seen: undo, which lies over it on a narrow screen, is not shown while one types. A keyboard that covers the page, as on an iPhone, shrinks and moves what is
 * seen of it; where it covers the bars too, they take no room.
 * @param {number} width @param {number} height @param {VisualView|null} [seen] @returns {Rect}
 */
export function clearRect(width, height, seen) {
  const { top, right, left } = insets(width, height);
  const view = seen ?? { width, height, offsetLeft: 0, offsetTop: 0 };
  return {
    left: Math.max(left, view.offsetLeft) + EDGE_PX, top: Math.max(top, view.offsetTop) + EDGE_PX,
    right: Math.min(width - right, view.offsetLeft + view.width) - EDGE_PX,
    bottom: Math.min(height - BAR_PX, view.offsetTop + view.height) - EDGE_PX,
  };
}

/** How far a thing must be moved to lie in a rectangle; one too large shows its beginning. @param {Rect} room @param {Rect} thing */
export function pushInto(room, thing) {
  return { dx: push(room.left, room.right, thing.left, thing.right), dy: push(room.top, room.bottom, thing.top, thing.bottom) };
}

function push(/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ start, /** @type {number} */ end) {
  if (start < from) return from - start;
  return end > to ? Math.max(to - end, from - start) : 0;
}
