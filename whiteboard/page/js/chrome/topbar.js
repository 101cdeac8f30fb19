// @ts-check
/**
 * The top of the page: the board's name, the light that says what is saved where, who is here, the share
 * button and the menu.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../input/actions.js").Context} Context
 */
import { isMadeUp } from "../board_id.js";
import { PEOPLE_COLORS, PEOPLE_PALETTE } from "../draw/color.js";
import { guestName } from "../guest.js";
import { language, LANGUAGES, setLanguage, t, tn } from "../i18n/i18n.js";
import { applyTheme, chosenTheme, remember } from "../prefs.js";
import { h, icon, iconButton, popover, safeColor } from "./dom.js";
import { rove } from "./rove.js";
import { isTouched } from "./touch.js";
import { makeStatusLight } from "./status_light.js";
import { toast } from "./toast.js";

const isNarrow = matchMedia("(max-width: 560px)");
const maxFaces = () => (isNarrow.matches ? 2 : 4);

/** @param {Desk} desk @param {Context} context */
export function makeTopbar(desk, context) {
  const left = h("div", { class: "panel corner-left" },
    homeLink(), boardName(desk.board), makeStatusLight(desk));
  const right = h("div", { class: "corner-right" },
    ...makePeople(desk), makeShare(), ...makeMenu(desk, context));
  return h("header", { class: "topbar" }, left, right);
}

/** A made-up id is nothing to read: it takes little room. @param {string} board */
function boardName(board) {
  return h("h1", { class: `board-name${isMadeUp(board) ? " is-made-up" : ""}`, testid: "board-name", attrs: { title: board } }, board);
}

function homeLink() {
  const link = h("a", { class: "icon-button", label: "board.home", testid: "home", icon: "home", attrs: { href: "." } });
  link.href = document.baseURI;
  return link;
}

/** @param {Desk} desk @returns {HTMLElement[]} */
function makePeople(desk) {
  const faces = h("span", { class: "faces" });
  const button = h("button", { class: "people-button panel", testid: "people", attrs: { type: "button" } }, faces);
  const list = h("ul", { class: "people-list", testid: "people-list" });
  const panel = h("div", { class: "popover panel people-panel", testid: "people-panel" }, makeIdentity(desk), list);
  popover(button, panel);
  const show = () => {
    const people = [{ ...desk.sync.identity, isMe: true }, ...[...desk.sync.peers.values()].map((peer) => ({ ...peer, isMe: false }))];
    const shown = people.slice(0, maxFaces()).map(face), more = people.length - shown.length;
    if (more > 0) shown.push(h("span", { class: "face face-more" }, `+${more}`));
    faces.replaceChildren(...shown);
    list.replaceChildren(...people.map(personRow));
    button.setAttribute("aria-label", `${t("people.label")}: ${tn("people.count", people.length)}`);
    button.title = people.map((p) => p.name || t("people.guest")).join(", ");
    button.dataset.count = String(people.length);
  };
  desk.sync.addEventListener("peers", show);
  desk.sync.addEventListener("identity", show);
  document.addEventListener("languagechange", show);
  isNarrow.addEventListener("change", show);
  show();
  return [button, panel];
}

/** @typedef {{name?:string, color?:string, isMe:boolean}} Person */

/** @param {Person} person */
function face(person) {
  const name = person.name || t("people.guest");
  const node = h("span", { class: `face${person.isMe ? " face-me" : ""}` }, [...name][0]?.toUpperCase() ?? "?");
  node.style.setProperty("--person", safeColor(person.color, PEOPLE_COLORS[0]));
  return node;
}

/** @param {Person} person */
function personRow(person) {
  const name = person.name || t("people.guest");
  const row = h("li", { class: "person", testid: "person" }, face(person), h("span", { class: "person-name" }, name));
  if (person.isMe) row.append(h("span", { class: "person-you", text: "people.you" }));
  return row;
}

/** One's own name and colour. @param {Desk} desk */
function makeIdentity(desk) {
  const { name, color } = desk.sync.identity;
  const input = h("input", { class: "field", label: "people.name", placeholder: "people.name", testid: "my-name", attrs: { type: "text", maxlength: 64, autocomplete: "nickname", value: name } });
  const save = (/** @type {string} */ newColor) => {
    input.value = input.value.trim() || guestName(desk.sync.client, newColor);
    remember("person", { name: input.value, color: newColor });
    desk.sync.rename(input.value, newColor);
  };
  input.addEventListener("change", () => save(desk.sync.identity.color));
  input.addEventListener("keydown", (e) => {
    e.stopPropagation();
    if (e.key === "Enter" && !e.isComposing) input.blur();
  });
  const swatches = PEOPLE_PALETTE.map(({ name: colorName, value }) => {
    const button = h("button", { class: "swatch swatch-small", label: `color.${colorName}`, testid: `my-color-${colorName}`, attrs: { type: "button", "aria-pressed": String(value === color) } });
    button.style.setProperty("--swatch", value);
    button.addEventListener("click", () => {
      save(value);
      for (const each of swatches) each.setAttribute("aria-pressed", String(each === button));
    });
    return button;
  });
  const group = h("div", { class: "people-colors", label: "people.color", attrs: { role: "group" } }, ...swatches);
  rove(group);
  return h("div", { class: "identity" }, input, group);
}

function makeShare() {
  const button = h("button", { class: "button primary share", testid: "share", attrs: { type: "button" }, on: { click: share } },
    icon("share"), h("span", { text: "board.share" }));
  return button;
}

/** The clipboard is there in secure contexts only; elsewhere the old way, and at last the link to copy by hand. */
async function share() {
  const link = location.origin + location.pathname;
  try {
    await navigator.clipboard.writeText(link);
    toast(t("board.share.copied"));
  } catch {
    toast(copyOldWay(link) ? t("board.share.copied") : `${t("board.share.manual")} ${link}`);
  }
}

/** @param {string} text */
function copyOldWay(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  return isDone;
}

/** @param {Desk} desk @param {Context} context @returns {HTMLElement[]} */
function makeMenu(desk, context) {
  const button = iconButton("menu", { label: "board.menu", testid: "menu", class: "panel menu-button" });
  const themes = choice("menu.theme", "theme", ["system", "light", "dark"].map((id) => ({ id, text: `theme.${id}` })), chosenTheme, "themechange", (id) => applyTheme(/** @type {any} */ (id)));
  const languages = choice("menu.language", "language", Object.entries(LANGUAGES).map(([id, { name }]) => ({ id, name })), () => language, "languagechange", (id) => {
    remember("language", id);
    void desk.part(setLanguage(id));
  });
  const help = h("button", { class: "menu-row", testid: "help-button", attrs: { type: "button" }, on: { click: () => {
    close();
    button.focus({ preventScroll: true }); // there the focus comes back to when the help is closed
    context.openHelp();
  } } }, ...(isTouched() ? [h("span", { text: "help.gestures" })] : [h("span", { text: "action.help" }), h("kbd", {}, "?")]));
  const panel = h("div", { class: "popover panel menu-panel", testid: "menu-panel" }, themes, languages, h("span", { class: "divider" }), help);
  const close = popover(button, panel);
  return [button, panel];
}

/**
 * A row of buttons of which one is chosen, here or elsewhere.
 * @param {string} label @param {string} testid @param {{id:string, text?:string, name?:string}[]} options
 * @param {() => string} chosen @param {string} changed what the document tells when the choice has changed
 * @param {(id: string) => void} choose
 */
function choice(label, testid, options, chosen, changed, choose) {
  const buttons = options.map(({ id, text, name }) => h("button", {
    text, testid: `${testid}-${id}`, attrs: { type: "button" }, on: { click: () => choose(id) },
  }, ...(name ? [name] : [])));
  const show = () => {
    for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.testid === `${testid}-${chosen()}`));
  };
  document.addEventListener(changed, show);
  show();
  const row = h("div", { class: "segmented", attrs: { role: "group" } }, ...buttons);
  rove(row);
  const caption = h("span", { class: "menu-caption", text: label });
  caption.id = `menu-${testid}`;
  row.setAttribute("aria-labelledby", caption.id);
  return h("div", { class: "menu-choice" }, caption, row);
}
