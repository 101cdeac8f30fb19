// @ts-check
/**
 * Copy, cut and paste through the browser's own clipboard events, which need no permission and no secure
 * context. Elements travel as creates in JSON; other people's text is pasted as a text.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../types.js").Op} Op
 * @typedef {import("../draw/geometry.js").Point} Point
 * @typedef {import("../draw/geometry.js").MeasureText} MeasureText
 */
import { toBoard } from "../draw/camera.js";
import { plainBox, union } from "../draw/geometry.js";
import { round2 } from "../draw/ink.js";
import { DEFAULT_TEXT_SIZE, measureText } from "../draw/text.js";
import { copyOf, isTyping } from "./actions.js";
import { bringPictures, picturesIn } from "./files.js";

const FORMAT = "application/x-whiteboard+json";
const CREATES = new Set(["stroke", "shape", "text", "note", "image"]);
/** Of a copied picture: the board that has it. */
const HOME = "copiedOn";
const REPEAT_PX = 20;
const MAX_PASTED = 2_000;

/** @param {Desk} desk @param {{readonly over: Point|null}} input where the pointer is in the stage, if it is */
export function listenToClipboard(desk, input) {
  const repeats = new Repeats();
  document.addEventListener("copy", (e) => {
    if (!isTyping(e.target)) copy(desk, e);
  });
  document.addEventListener("cut", (e) => {
    if (isTyping(e.target) || desk.isReadOnly || !copy(desk, e)) return;
    desk.history.do([...desk.selection].map((id) => ({ type: "delete", id })));
  });
  document.addEventListener("paste", (e) => {
    if (isTyping(e.target) || desk.isReadOnly || !e.clipboardData) return;
    const found = pasted(desk, e.clipboardData), pictures = picturesIn(e.clipboardData);
    if (found.length === 0 && pictures.length === 0) return;
    e.preventDefault();
    if (found.length === 0) return void bringPictures(desk, pictures, target(desk, input.over, repeats, pictures.map((file) => `${file.name} ${file.size}`).join()));
    bringAlong(desk, found);
    const ops = centred(found, target(desk, input.over, repeats, JSON.stringify(found)), measureText).map((op) => ({ ...op, id: desk.newId() }));
    desk.history.do(ops);
    void desk.setTool("select").then(() => desk.select(ops.map((op) => op.id)));
  });
}

/** @param {Desk} desk @param {ClipboardEvent} e @returns {boolean} was there something to copy */
function copy(desk, e) {
  const items = desk.scene.sorted(desk.selection);
  if (items.length === 0 || !e.clipboardData) return false;
  e.preventDefault();
  e.clipboardData.setData(FORMAT, JSON.stringify(items.map(({ el, id }) => fromHere(copyOf(el, id, 0), desk.board))));
  e.clipboardData.setData("text/plain", items.map(({ el }) => el.text ?? "").filter(Boolean).join("\n"));
  return true;
}

/** A picture is its board's: a copy says which. @param {Op} op @param {string} board @returns {Op} */
function fromHere(op, board) {
  return op.type === "image" ? { ...op, [HOME]: board } : op;
}

/** Pictures that were copied on another board come along; what said so is no property of theirs. @param {Desk} desk @param {Op[]} ops */
function bringAlong(desk, ops) {
  /** @type {Map<string, Set<string>>} */
  const strangers = new Map();
  for (const op of ops) {
    const home = op[HOME];
    delete op[HOME];
    if (op.type !== "image" || typeof home !== "string" || home === desk.board) continue;
    strangers.set(home, (strangers.get(home) ?? new Set()).add(String(op.asset)));
  }
  if (strangers.size === 0) return;
  import("../pictures/arrivals.js").then(({ adopt }) => {
    for (const [board, assets] of strangers) void adopt(desk, board, assets);
  }).catch(() => desk.emit("toast", "toast.picture.notCopied"));
}

/** @param {Desk} desk @param {DataTransfer} data @returns {Op[]} */
function pasted(desk, data) {
  const ops = readElements(data.getData(FORMAT));
  if (ops.length) return ops;
  const text = data.getData("text/plain").trim();
  if (!text) return [];
  return [{ type: "text", id: "", x: 0, y: 0, text: text.slice(0, Number(desk.limits.textChars ?? 10_000)), size: DEFAULT_TEXT_SIZE, color: desk.style.color }];
}

/** Creates that another tab has copied; nothing for what is none. @param {string} json @returns {Op[]} */
export function readElements(json) {
  try {
    const list = JSON.parse(json || "[]");
    return Array.isArray(list) ? list.filter((op) => CREATES.has(op?.type)).slice(0, MAX_PASTED) : [];
  } catch {
    return [];
  }
}

/** Where a paste goes: under the pointer, else in the middle of what is seen. @param {Desk} desk @param {Point|null} over @param {Repeats} repeats @param {string} what */
function target({ camera, layers }, over, repeats, what) {
  const { x, y } = over ?? { x: layers.width / 2, y: layers.height / 2 };
  const step = repeats.count(what, toBoard(camera, x, y)) * REPEAT_PX;
  return toBoard(camera, x + step, y + step);
}

/** Counts how often the same has gone to the same place, so that the next one does not hide the last. */
export class Repeats {
  constructor() {
    this.what = "";
    this.at = { x: NaN, y: NaN };
    this.times = 0;
  }

  /** @param {string} what @param {Point} at @returns {number} how often before */
  count(what, at) {
    const isSame = what === this.what && at.x === this.at.x && at.y === this.at.y;
    this.times = isSame ? this.times + 1 : 0;
    Object.assign(this, { what, at });
    return this.times;
  }
}

/** Creates, moved together so that their middle is at a point. @param {Op[]} ops @param {Point} at @param {MeasureText} measure @returns {Op[]} */
export function centred(ops, at, measure) {
  const box = ops.map((op) => plainBox(asElement(op), measure)).reduce(union, null);
  if (!box) return ops;
  const dx = at.x - (box.minX + box.maxX) / 2, dy = at.y - (box.minY + box.maxY) / 2;
  return ops.map((op) => ({ ...op, x: round2(Number(op.x ?? 0) + dx), y: round2(Number(op.y ?? 0) + dy) }));
}

/** A create as the view would show it: with flat points. @param {Op} op @returns {import("../types.js").Element} */
function asElement(op) {
  const { points } = op;
  return Array.isArray(points) ? { ...op, points: points.flatMap(([x, y, pressure = -1]) => [x, y, pressure]) } : /** @type {any} */ (op);
}
