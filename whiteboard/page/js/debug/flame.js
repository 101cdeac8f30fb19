// @ts-check
/**
 * The flame graph: a canvas that draws boxes, and what pointer and keys do on it. Knows nothing of where profiles come from.
 *
 * @import {Node} from "./folding.js"
 * @import {Box} from "./layout.js"
 * @typedef {{root: Node, unit: string, isComparison: boolean, isWanted: ((node: Node) => boolean)|null}} Picture `isWanted`: what was searched for
 */
import { h } from "../chrome/dom.js";
import { isDark } from "../prefs.js";
import { shareText } from "./units.js";
import { boxAt, layOut, neighbour, rowsOf } from "./layout.js";
import { shadeOf, shadeOfChange } from "./shades.js";

const ROW_PX = 20;
const TEXT_PX = 6;
/** A box narrower than this has no room for a letter. */
const LEAST_FOR_TEXT_PX = 22;
/** What a canvas can be high everywhere; deeper stacks are cut there, and zooming shows the rest. */
const MAX_ROWS = 700;
/** @type {Record<string, "up"|"down"|"left"|"right">} */
const ARROWS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };

/**
 * @param {{pointedAt: (node: Node|null) => void, zoomedTo: (node: Node) => void}} told which function is pointed at or chosen, and what was zoomed to
 */
export function makeFlame(told) {
  const canvas = h("canvas", { class: "flame", label: "debug.flame.label", testid: "flame", attrs: { tabindex: 0, role: "application" } });
  const node = h("div", { class: "flame-frame" }, canvas);
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {Picture|null} */
  let picture = null;
  /** @type {Node|null} */
  let zoomed = null;
  /** @type {Node|null} by keys or the first tap */
  let chosen = null;
  /** @type {Node|null} */
  let hovered = null;
  /** @type {Box[]} */
  let boxes = [];
  let isDue = false;

  // --- drawing ------------------------------------------------------------------------------------

  const redraw = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      draw();
    });
  };

  function draw() {
    const width = node.clientWidth;
    if (!picture || !zoomed || !width) return;
    boxes = layOut(zoomed, width);
    const rows = Math.min(rowsOf(boxes), MAX_ROWS), ratio = devicePixelRatio || 1, height = rows * ROW_PX;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(node);
    brush.font = `12px ${style.fontFamily}`;
    brush.textBaseline = "middle";
    const inks = { text: style.getPropertyValue("--flame-text"), line: style.getPropertyValue("--paper"), accent: style.getPropertyValue("--accent"), quiet: style.getPropertyValue("--well") };
    for (const box of boxes) if (box.row < MAX_ROWS) paint(box, inks, picture, isDark());
  }

  /** @param {Box} box @param {{text: string, line: string, accent: string, quiet: string}} inks @param {Picture} all @param {boolean} isNight */
  function paint({ node: one, x, width, row, isAbove }, inks, { root, isComparison, isWanted }, isNight) {
    const y = row * ROW_PX, own = Math.max(width - 1, 0.5);
    const isFaded = isAbove || (isWanted !== null && one !== root && !isWanted(one));
    brush.globalAlpha = isFaded ? (isWanted ? 0.28 : 0.55) : 1;
    brush.fillStyle = one === root ? inks.quiet : isComparison ? shadeOfChange(one.total, isNight) : shadeOf(one.name, one.file, isNight);
    brush.fillRect(x, y, own, ROW_PX - 1);
    brush.globalAlpha = isFaded ? 0.6 : 1;
    if (width >= LEAST_FOR_TEXT_PX) {
      brush.fillStyle = inks.text;
      const text = fitting(labelOf(one, root, isComparison), width - 2 * TEXT_PX);
      if (text) brush.fillText(text, x + TEXT_PX, y + ROW_PX / 2);
    }
    brush.globalAlpha = 1;
    if (one === chosen || one === hovered) {
      brush.strokeStyle = one === chosen ? inks.accent : inks.text;
      brush.lineWidth = one === chosen ? 2 : 1;
      brush.strokeRect(x + 0.5, y + 0.5, Math.max(own - 1, 1), ROW_PX - 2);
    }
  }

  /** As much of a text as has room, with a mark where it was cut. @param {string} text @param {number} room */
  function fitting(text, room) {
    const width = brush.measureText(text).width;
    if (width <= room) return text;
    const size = Math.floor((text.length * room) / width) - 2;
    return size < 2 ? "" : `${text.slice(0, size)}…`;
  }

  // --- pointing -----------------------------------------------------------------------------------

  /** @param {MouseEvent} event */
  const at = ({ offsetX, offsetY }) => boxAt(boxes, offsetX, Math.floor(offsetY / ROW_PX))?.node ?? null;

  /** @param {Node|null} one */
  function hover(one) {
    if (one === hovered) return;
    hovered = one;
    canvas.style.cursor = one ? "pointer" : "";
    told.pointedAt(one ?? chosen);
    redraw();
  }

  /** @param {Node|null} one */
  function choose(one) {
    chosen = one;
    told.pointedAt(hovered ?? one);
    redraw();
  }

  /** @param {Node} one */
  function zoom(one) {
    zoomed = one;
    chosen = one.parent ? one : null;
    told.zoomedTo(one);
    told.pointedAt(one);
    redraw();
  }

  canvas.addEventListener("pointermove", (event) => event.pointerType !== "touch" && hover(at(event)));
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("click", (event) => {
    const one = at(event), isTouch = /** @type {PointerEvent} */ (event).pointerType === "touch";
    if (!one) return;
    // a finger does not hover: its first tap tells, the second zooms
    if (isTouch && one !== chosen) choose(one);
    else zoom(one === zoomed && one.parent ? one.parent : one);
  });

  canvas.addEventListener("keydown", (event) => {
    if (!picture || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = ARROWS[event.key];
    if (way) {
      const box = neighbour(boxes, chosen ?? picture.root, way);
      if (box) choose(box.node);
      if (box) reveal(box.row);
    } else if (event.key === "Enter" || event.key === " ") {
      if (chosen) zoom(chosen);
    } else if (event.key === "Escape" || event.key === "Home") {
      zoom(picture.root);
    } else {
      return;
    }
    event.preventDefault();
  });

  /** @param {number} row */
  function reveal(row) {
    const top = canvas.getBoundingClientRect().top + row * ROW_PX, least = 150;
    if (top < least) scrollBy(0, top - least);
    else if (top > innerHeight - 60) scrollBy(0, top - innerHeight + 60);
  }

  new ResizeObserver(redraw).observe(node);
  document.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  return {
    node,
    /** @param {Picture} next @param {Node} [place] of it, to be zoomed to */
    show(next, place = next.root) {
      picture = next;
      zoomed = place;
      chosen = hovered = null;
      told.zoomedTo(place);
      told.pointedAt(place);
      redraw();
    },
    /** @param {Picture["isWanted"]} isWanted */
    mark(isWanted) {
      if (picture) picture = { ...picture, isWanted };
      redraw();
    },
    reset: () => picture && zoom(picture.root),
    zoom,
    focus: () => canvas.focus(),
  };
}

/** @param {Node} node @param {Node} root @param {boolean} isComparison */
function labelOf(node, root, isComparison) {
  if (node === root) return "all";
  if (!isComparison) return shortName(node.name);
  const { now, before } = node.total;
  const change = before === 0 ? "new" : now === 0 ? "gone" : `${now >= before ? "+" : "−"}${shareText(Math.abs(now - before), before)}`;
  return `${shortName(node.name)}  ${change}`;
}

/** The class and the function: where they are the colour and the line above tell. @param {string} name */
export function shortName(name) {
  const parts = name.split("."), from = parts.findIndex((part, n) => n > 0 && (/^[A-Z]/.test(part) || n === parts.length - 1));
  return from < 0 ? name : parts.slice(from).join(".");
}
