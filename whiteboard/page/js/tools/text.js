// @ts-check
/**
 * The tools for texts and notes: where one points, the field opens, on a new element or on the one that is there.
 *
 * @typedef {import("../types.js").PointerSample} PointerSample
 */
import { openEditor } from "./text_editor.js";
import { Tool } from "./tool.js";

const HIT_PX = 6;

export class TextTool extends Tool {
  /** @param {import("../desk.js").Desk} desk @param {"text"|"note"} type */
  constructor(desk, type) {
    super(desk);
    this.type = type;
    this.cursor = type === "text" ? "text" : "crosshair";
    /** @type {PointerSample|null} */
    this.start = null;
  }

  /** @param {PointerSample} p */
  down(p) {
    this.start = p;
  }

  up() {
    const p = this.start;
    this.start = null;
    if (!p) return;
    const hit = this.desk.scene.hit(p, HIT_PX / this.desk.camera.z);
    const type = hit && this.desk.view.get(hit)?.type;
    openEditor(this.desk, type === "text" || type === "note" ? hit : null, p, this.type);
  }

  cancel() {
    this.start = null;
  }
}
