// @ts-check
/** One Tab stop for a group of buttons: the pressed one, or the first; the arrow keys move within the group. */

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** @param {HTMLElement} group */
export function rove(group) {
  const buttons = () => [...group.querySelectorAll("button")];
  const mark = () => {
    const usable = buttons().filter((button) => !button.disabled);
    const stop = usable.find((button) => button === document.activeElement) ?? usable.find((button) => button.getAttribute("aria-pressed") === "true") ?? usable[0];
    for (const button of buttons()) button.tabIndex = button === stop ? 0 : -1;
  };
  group.addEventListener("keydown", (e) => {
    const step = STEPS[e.key], usable = buttons().filter((button) => !button.disabled && button.offsetParent !== null);
    const at = usable.findIndex((button) => button === document.activeElement);
    if (!step || at < 0) return;
    e.preventDefault();
    e.stopPropagation();
    usable[landing(at, step, usable.length)].focus();
  });
  group.addEventListener("focusin", mark);
  group.addEventListener("focusout", () => queueMicrotask(mark));
  new MutationObserver(mark).observe(group, { subtree: true, childList: true, attributeFilter: ["aria-pressed", "disabled"] });
  mark();
}

/** Round the ends by single steps; Home and End stop there. @param {number} at @param {number} step @param {number} length */
function landing(at, step, length) {
  if (!Number.isFinite(step)) return step < 0 ? 0 : length - 1;
  return (at + step + length) % length;
}
