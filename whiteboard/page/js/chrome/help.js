// @ts-check
/** The list of shortcuts, made from the action table. */
import { ACTIONS } from "../input/actions.js";
import { h, iconButton, keyCaps } from "./dom.js";

const MOUSE = ["help.pan", "help.zoom", "help.straight", "help.pen"];

/** @type {HTMLDialogElement|null} */
let dialog = null;

export function openHelp() {
  dialog ??= makeDialog();
  if (!dialog.open) dialog.showModal();
}

function makeDialog() {
  const node = h("dialog", { class: "help", testid: "help", attrs: { "aria-labelledby": "help-title" } });
  const title = h("h2", { text: "help.title" });
  title.id = "help-title";
  node.append(
    h("header", {}, title, iconButton("close", { label: "help.close", testid: "help-close", on: { click: () => node.close() } })),
    h("div", { class: "help-columns" },
      ...(/** @type {const} */ (["tools", "edit", "view"])).map((group) => section(`help.${group}`, ACTIONS.filter((a) => a.group === group).map(actionRow))),
      section("help.mouse", MOUSE.map((key) => h("div", { class: "help-row" }, h("dt", { text: key }), h("dd", { class: "help-words", text: `${key}.keys` }))))),
  );
  node.addEventListener("click", (e) => {
    if (e.target === node) node.close();
  });
  document.body.append(node);
  return node;
}

/** @param {string} title @param {HTMLElement[]} rows */
function section(title, rows) {
  return h("section", {}, h("h3", { text: title }), h("dl", {}, ...rows));
}

/** @param {import("../input/actions.js").Action} action */
function actionRow(action) {
  const keys = action.keys.flatMap((chord, i) => [...(i ? [" "] : []), ...keyCaps(chord).map((cap) => h("kbd", {}, cap))]);
  return h("div", { class: "help-row" }, h("dt", { text: action.label }), h("dd", {}, ...keys));
}
