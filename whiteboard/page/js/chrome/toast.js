// @ts-check
/** Short messages at the foot of the page, read out by screen readers, gone by themselves. */
import { h } from "./dom.js";

const STAY_MS = 4500;
const STAY_LONG_MS = 9000;
const MAX_SHOWN = 3;

/** @type {HTMLElement|null} */
let region = null;

/** @param {string} text @param {"info"|"warning"} [level] */
export function toast(text, level = "info") {
  if (!region) {
    region = h("div", { class: "toasts", testid: "toasts", attrs: { role: "status", "aria-live": "polite" } });
    document.body.append(region);
  }
  for (const old of region.querySelectorAll(".toast")) if (old.textContent === text) old.remove();
  while (region.children.length >= MAX_SHOWN) region.firstElementChild?.remove();
  const node = h("div", { class: `toast toast-${level}`, testid: "toast" }, text);
  region.append(node);
  setTimeout(() => node.remove(), level === "warning" ? STAY_LONG_MS : STAY_MS);
}
