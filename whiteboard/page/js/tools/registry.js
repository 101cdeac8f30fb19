// @ts-check
/**
 * Which tools there are: the one table that the toolbar, the keyboard and the help are made from. A tool's
 * module is loaded when it is first wanted; `make` rejects with NotArrived when it does not come.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {{id:string, keys:string[], group:number, make:(desk: Desk) => Promise<Tool>}} ToolEntry
 */
import { arrived } from "../loading.js";
import { Tool } from "./tool.js";

class HandTool extends Tool {
  /** @param {Desk} desk */
  constructor(desk) {
    super(desk);
    this.cursor = "grab";
    this.isReadOnly = true;
  }
}

/** @param {string} kind */
const shape = (kind) => async (/** @type {Desk} */ desk) => new (await arrived(import("./shape.js"))).ShapeTool(desk, kind);

/** In the order of the toolbar. `hand` is carried out by the pointer input itself. @type {ToolEntry[]} */
export const TOOLS = [
  { id: "select", keys: ["V", "1"], group: 0, make: async (desk) => new (await arrived(import("./select.js"))).SelectTool(desk) },
  { id: "hand", keys: ["H"], group: 0, make: async (desk) => new HandTool(desk) },
  { id: "pen", keys: ["P", "D", "7"], group: 1, make: async (desk) => new (await arrived(import("./pen.js"))).PenTool(desk) },
  { id: "eraser", keys: ["E", "0"], group: 1, make: async (desk) => new (await arrived(import("./eraser.js"))).EraserTool(desk) },
  { id: "rectangle", keys: ["R", "2"], group: 2, make: shape("rectangle") },
  { id: "ellipse", keys: ["O", "4"], group: 2, make: shape("ellipse") },
  { id: "diamond", keys: ["3"], group: 2, make: shape("diamond") },
  { id: "arrow", keys: ["A", "5"], group: 2, make: shape("arrow") },
  { id: "line", keys: ["L", "6"], group: 2, make: shape("line") },
  { id: "text", keys: ["T", "8"], group: 2, make: async (desk) => new (await arrived(import("./text.js"))).TextTool(desk, "text") },
  { id: "note", keys: ["N"], group: 2, make: async (desk) => new (await arrived(import("./text.js"))).TextTool(desk, "note") },
  { id: "laser", keys: ["K"], group: 3, make: async (desk) => new (await arrived(import("./laser.js"))).LaserTool(desk) },
];
