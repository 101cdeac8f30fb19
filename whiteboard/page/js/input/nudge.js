// @ts-check
/**
 * Moving the selection by arrow keys: a burst of presses is one thing to undo. It ends with a pause, and before
 * anything else is done.
 *
 * @typedef {import("../types.js").Op} Op
 */

const PAUSE_MS = 700;

export class Nudges {
  /** @param {Pick<import("../history.js").History, "begin"|"do"|"end">} history */
  constructor(history) {
    this.history = history;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
  }

  /** @param {Op[]} ops */
  do(ops) {
    if (this.timer === undefined) this.history.begin();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), PAUSE_MS);
    this.history.do(ops);
  }

  settle() {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.history.end();
  }

  /** Whatever is pressed next, but another arrow, comes after the burst. @param {EventTarget} page */
  settleBeforeOthers(page) {
    page.addEventListener("keydown", (e) => {
      if (!/** @type {KeyboardEvent} */ (e).key.startsWith("Arrow")) this.settle();
    }, true);
    for (const name of ["pointerdown", "click"]) page.addEventListener(name, () => this.settle(), true);
  }
}

/** How far an arrow key moves. @param {{key:string, shiftKey:boolean}} e */
export function nudgeOf({ key, shiftKey }) {
  const by = shiftKey ? 10 : 1;
  return { dx: key === "ArrowLeft" ? -by : key === "ArrowRight" ? by : 0, dy: key === "ArrowUp" ? -by : key === "ArrowDown" ? by : 0 };
}
