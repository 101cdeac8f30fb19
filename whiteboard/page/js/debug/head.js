// @ts-check
/** The head of the operator's page: name, state, tabs, language and theme; and the door for who has to say who they are. */
import { h, icon, iconButton } from "../chrome/dom.js";
import { LANGUAGES, language } from "../i18n/i18n.js";
import { applyTheme, isDark, remember } from "../prefs.js";

/**
 * @param {readonly string[]} views @param {(view: string) => void} turnTo @param {() => void} forget the token
 */
export function makeHead(views, turnTo, forget) {
  const tabs = views.map((name) => h("button", { class: "tab", text: `debug.tab.${name}`, testid: `tab-${name}`, attrs: { type: "button", role: "tab" }, on: { click: () => turnTo(name) } }));
  const state = h("span", { class: "debug-state", testid: "debug-state", attrs: { role: "status" } });
  const version = h("span", { class: "debug-version", testid: "debug-version" });
  const leave = h("button", { class: "quiet", text: "debug.token.forget", attrs: { type: "button" }, on: { click: forget } });
  const node = h("header", { class: "debug-head" },
    h("div", { class: "debug-title" }, icon("pen"), h("h1", { text: "debug.title" }), version, state),
    h("nav", { class: "tabs", attrs: { role: "tablist" } }, ...tabs),
    h("div", { class: "debug-choices" }, leave, makeLanguages(), makeTheme()));
  return {
    node,
    /** @param {string} view */
    choose(view) {
      for (const [n, tab] of tabs.entries()) tab.setAttribute("aria-selected", String(views[n] === view));
    },
    /** Whether the server answers, and what there is to say about it. @param {boolean} isThere @param {string} text */
    tell(isThere, text) {
      state.dataset.level = isThere ? "fine" : "away";
      state.textContent = text;
    },
    /** @param {string} text of the server @param {boolean} hasToken that can be forgotten */
    show(text, hasToken) {
      version.textContent = text;
      leave.hidden = !hasToken;
    },
  };
}

/** Where one who is not at the server's own machine gives the token. @param {(token: string) => void} enter */
export function makeDoor(enter) {
  const field = h("input", { class: "field", label: "debug.token", testid: "token", attrs: { type: "password", autocomplete: "off", required: true } });
  const said = h("p", { class: "trouble", testid: "token-trouble", attrs: { role: "alert" } });
  const form = h("form", { class: "open", testid: "token-form" }, field, h("button", { class: "button primary", text: "debug.token.use", attrs: { type: "submit" } }));
  const node = h("section", { class: "landing door", testid: "door" }, h("h1", { text: "debug.token.title" }), h("p", { class: "tagline", text: "debug.token.why" }), form, said);
  node.hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter(field.value);
    field.value = "";
  });
  return {
    node,
    /** @param {string} reason */
    show(reason) {
      if (node.hidden) queueMicrotask(() => field.focus());
      node.hidden = false;
      said.textContent = reason;
    },
  };
}

function makeLanguages() {
  const others = Object.entries(LANGUAGES).filter(([id]) => id !== language);
  return h("span", {}, ...others.map(([id, { name }]) => h("button", { class: "quiet", attrs: { type: "button", lang: id }, on: { click: () => {
    remember("language", id);
    const url = new URL(location.href);
    url.searchParams.delete("lang");
    history.replaceState(null, "", url);
    location.reload(); // most of what the page says comes from the server, and is said anew
  } } }, name)));
}

function makeTheme() {
  return iconButton("sun", { label: "debug.theme", testid: "theme", on: { click: () => applyTheme(isDark() ? "light" : "dark") } });
}
