// @ts-check
/** What keys and fingers can do: the shortcuts, made from the action table; where there is no keyboard, the gestures. */
import { ACTIONS } from "../input/actions.js";
import { h, iconButton, keyCaps } from "./dom.js";
import { isTouched } from "./touch.js";

const POINTER = ["help.pan", "help.zoom", "help.straight", "help.pen"];
const GESTURES = ["help.draw", "help.move", "help.pinch", "help.frame", "help.retype", "help.pen"];

/** Shows it, unless it is there. */
export function openHelp() {
  if (document.querySelector("dialog.help")) return;
  const dialog = makeDialog(isTouched());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {boolean} isTouch */
function makeDialog(isTouch) {
  const node = h("dialog", { class: "help", testid: "help", attrs: { "aria-labelledby": "help-title", tabindex: -1, autofocus: true } });
  const title = h("h2", { text: isTouch ? "help.gestures" : "help.title" });
  title.id = "help-title";
  node.append(
    h("header", {}, title, iconButton("close", { label: "help.close", testid: "help-close", on: { click: () => node.close() } })),
    h("div", { class: "help-columns" }, ...(isTouch ? gestures() : shortcuts())),
  );
  node.addEventListener("click", (e) => {
    if (e.target === node) node.close();
  });
  return node;
}

function gestures() {
  return [h("dl", {}, ...GESTURES.map(wordRow))];
}

/** Two columns of about the same height. */
function shortcuts() {
  return [
    h("div", {}, keySection("tools"), keySection("view")),
    h("div", {}, keySection("edit"), section("help.mouse", POINTER.map(wordRow))),
  ];
}

/** @param {"tools"|"edit"|"view"} group */
function keySection(group) {
  return section(`help.${group}`, ACTIONS.filter((action) => action.group === group).map(actionRow));
}

/** @param {string} title @param {HTMLElement[]} rows */
function section(title, rows) {
  return h("section", {}, h("h3", { text: title }), h("dl", {}, ...rows));
}

/** @param {string} key */
function wordRow(key) {
  return h("div", { class: "help-row" }, h("dt", { text: key }), h("dd", { class: "help-words", text: `${key}.keys` }));
}

/** @param {import("../input/actions.js").Action} action */
function actionRow(action) {
  const keys = action.keys.flatMap((chord, i) => [...(i ? [" "] : []), ...keyCaps(chord).map((cap) => h("kbd", {}, cap))]);
  return h("div", { class: "help-row" }, h("dt", { text: action.label }), h("dd", {}, ...keys));
}
