// @ts-check
/** The light that says what is saved where; it does not flicker, and on a narrow screen trouble gets a line of its own. */
import { t } from "../i18n/i18n.js";
import { h } from "./dom.js";
import { isDeleted, statusText } from "./status.js";

/** A save that is quicker than this is not announced as "saving". */
const SAVING_AFTER_MS = 350;
/** While it tries to come back again and again, it is offline. */
const WAITING_AFTER_MS = 900;

/** @param {import("../desk.js").Desk} desk */
export function makeStatusLight(desk) {
  const text = h("span", { class: "status-text" });
  const retry = h("button", { class: "status-retry", testid: "retry", attrs: { type: "button" }, on: { click: () => desk.sync.retry() } });
  const light = h("div", { class: "status", label: "status.label", testid: "status", attrs: { role: "status" } }, h("span", { class: "status-dot" }), text, retry);
  let timer = 0, since = 0, timed = "";
  const show = () => {
    const { level, text: sentence } = statusText(desk.sync.status);
    if (timed !== level) since = performance.now();
    timed = level;
    clearTimeout(timer);
    const wait = patience(level, light.dataset.level) - (performance.now() - since);
    if (wait > 0) {
      timer = setTimeout(show, wait);
      return;
    }
    light.dataset.level = level;
    light.title = sentence;
    retry.hidden = level !== "offline" && level !== "closed";
    retry.textContent = t(isDeleted(desk.sync.status) ? "status.startAgain" : "status.retry");
    if (text.textContent !== sentence) text.textContent = sentence;
  };
  const raw = () => {
    light.dataset.state = desk.sync.status.state;
    light.dataset.pending = String(desk.sync.status.pending);
    show();
  };
  desk.addEventListener("status", raw);
  document.addEventListener("languagechange", show);
  raw();
  return light;
}

/** How long a level must last before it is told. @param {string} level @param {string|undefined} shown */
function patience(level, shown) {
  if (level === "saving") return SAVING_AFTER_MS;
  return level === "waiting" && shown === "offline" ? WAITING_AFTER_MS : 0;
}
