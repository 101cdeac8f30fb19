// @ts-check
/**
 * Pictures come to the board by being dropped on it, pasted, or chosen. What happens to them then is loaded behind
 * the board (pictures/arrivals.js).
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../draw/geometry.js").Point} Point
 * @typedef {import("../pictures/arrivals.js").Arrivals} Arrivals
 */
import { toBoard } from "../draw/camera.js";
import { arrived } from "../loading.js";

/** @type {WeakMap<Desk, Promise<Arrivals>>} */
const arrivals = new WeakMap();
/** @type {WeakMap<Desk, HTMLInputElement>} */
const pickers = new WeakMap();

/** Loads what takes pictures in; rejects with NotArrived, and the next call asks for it again. @param {Desk} desk */
export function loadArrivals(desk) {
  let made = arrivals.get(desk);
  if (!made) {
    made = arrived(import("../pictures/arrivals.js")).then((module) => new module.Arrivals(desk));
    arrivals.set(desk, made);
    made.catch(() => arrivals.delete(desk));
  }
  return made;
}

/** @param {Desk} desk @param {readonly Blob[]} files @param {Point} at on the board */
export async function bringPictures(desk, files, at) {
  try {
    (await loadArrivals(desk)).add(files, at);
  } catch {
    desk.emit("toast", "toast.picture.notNow");
  }
}

/** Files that say of themselves that they are pictures. @param {DataTransfer} data @returns {File[]} */
export function picturesIn(data) {
  return [...data.files].filter((file) => file.type.startsWith("image/"));
}

/** Takes what is dropped; a browser would leave the board to show it. @param {Desk} desk */
export function listenToDrops(desk) {
  const hasFiles = (/** @type {DragEvent} */ e) => Boolean(e.dataTransfer?.types.includes("Files"));
  document.addEventListener("dragover", (e) => {
    if (!hasFiles(e) || !e.dataTransfer) return;
    e.preventDefault();
    e.dataTransfer.dropEffect = desk.isReadOnly ? "none" : "copy";
  });
  document.addEventListener("drop", (e) => {
    if (!hasFiles(e) || !e.dataTransfer) return;
    e.preventDefault();
    const { left, top } = desk.stage.getBoundingClientRect(), files = [...e.dataTransfer.files];
    void bringPictures(desk, files, toBoard(desk.camera, e.clientX - left, e.clientY - top));
  });
}

/** Asks for pictures, and puts them in the middle of what is seen. @param {Desk} desk */
export function choosePictures(desk) {
  let picker = pickers.get(desk);
  if (!picker) pickers.set(desk, (picker = makePicker(desk)));
  picker.value = ""; // so that the same file again is a choice too
  picker.click();
}

/** A part of the page: what is none may be gone before somebody has chosen. @param {Desk} desk */
function makePicker(desk) {
  const picker = document.createElement("input");
  Object.assign(picker, { type: "file", accept: "image/*", multiple: true, hidden: true });
  picker.addEventListener("change", () => {
    const { width, height } = desk.layers;
    void bringPictures(desk, [...(picker.files ?? [])], toBoard(desk.camera, width / 2, height / 2));
  });
  document.body.append(picker);
  return picker;
}
