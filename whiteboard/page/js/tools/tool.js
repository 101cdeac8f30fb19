// @ts-check
/**
 * What a tool is. It gets pointer samples in board coordinates and changes the board through the desk's
 * history; it draws its draft on the live layer and its frames on the overlay.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 * @typedef {import("../desk.js").Desk} Desk
 */

/** Does nothing; the base of all. */
export class Tool {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** What the pointer looks like: a value of `data-cursor` that the style sheet knows. */
    this.cursor = "default";
    /** May somebody use it who may not change the board? */
    this.isReadOnly = false;
  }

  /** The tool is taken up. */
  enter() {}

  /** The tool is put down; must end or cancel what is under way. */
  leave() {
    this.cancel();
  }

  /** @param {PointerSample} _p */
  down(_p) {}

  /** All samples since the last event, oldest first; only between down and up. @param {PointerSample[]} _samples */
  move(_samples) {}

  /** @param {PointerSample} _p */
  up(_p) {}

  /** The gesture under way is to leave nothing behind. */
  cancel() {}

  /** The gesture under way was not ended by its user: a second finger came down, or the system took the pointer. */
  interrupt() {
    this.cancel();
  }

  /** The pointer moves without being down. @param {PointerSample} _p */
  hover(_p) {}

  /** What is drawn around the box of all that is selected, as a box. @param {import("../draw/geometry.js").Box} box */
  around(box) {
    return box;
  }

  /** Draws on the overlay, in screen coordinates. @param {CanvasRenderingContext2D} _ctx */
  decorate(_ctx) {}
}
