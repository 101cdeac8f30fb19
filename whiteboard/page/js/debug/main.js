// @ts-check
/** The operator's page: its head, its views, and the round of questions. @import {Status} from "./overview.js" */
import { h, icon, iconButton } from "../chrome/dom.js";
import { chooseLanguage, LANGUAGES, language, setLanguage, t } from "../i18n/i18n.js";
import { arrived } from "../loading.js";
import { applyTheme, isDark, recall, remember } from "../prefs.js";
import { askJson, hasToken, NotOperator, useToken } from "./asking.js";
import { makeFigures } from "./figures.js";
import { makeOverview } from "./overview.js";
import { poll } from "./polling.js";
import { makeProfiles } from "./profiles.js";
import { makeTasks } from "./tasks.js";
import { ageText } from "./units.js";

const STATUS_MS = 2_000;
const SESSIONS_MS = 6_000;
const VIEWS = ["overview", "profiles", "tasks", "figures"];
/** The page's own texts, apart from those that come with every board. @type {Record<string, () => Promise<{default: Record<string, string>}>>} */
const TEXTS = { en: () => import("./texts_en.js"), zh: () => import("./texts_zh.js") };

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const startup = /** @type {import("../main.js").Startup|undefined} */ (/** @type {any} */ (window).startup);

function show() {
  let view = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "overview";
  const overview = makeOverview(), figures = makeFigures();
  const tasks = makeTasks((worker) => void askTasks(worker));
  const profiles = makeProfiles(() => deny(""));
  /** @type {Record<string, HTMLElement>} */
  const nodes = { overview: overview.node, profiles: profiles.node, tasks: tasks.node, figures: figures.node };
  const tabs = VIEWS.map((name) => h("button", { class: "tab", text: `debug.tab.${name}`, testid: `tab-${name}`, attrs: { type: "button", role: "tab" }, on: { click: () => turnTo(name) } }));
  const state = h("span", { class: "debug-state", testid: "debug-state", attrs: { role: "status" } });
  const version = h("span", { class: "debug-version", testid: "debug-version" });
  const leave = h("button", { class: "quiet", text: "debug.token.forget", attrs: { type: "button" }, on: { click: () => {
    useToken("");
    ask();
  } } });
  const door = makeDoor((token) => {
    useToken(token);
    door.node.hidden = true;
    ask();
  });
  const main = h("main", { class: "debug-main" }, ...Object.values(nodes));
  root.replaceChildren(h("div", { class: "debug" },
    h("header", { class: "debug-head" },
      h("div", { class: "debug-title" }, icon("pen"), h("h1", { text: "debug.title" }), version, state),
      h("nav", { class: "tabs", attrs: { role: "tablist" } }, ...tabs),
      h("div", { class: "debug-choices" }, leave, makeLanguages(), makeTheme())),
    door.node, main));

  /** @param {string} name */
  function turnTo(name) {
    view = name;
    for (const [n, tab] of tabs.entries()) tab.setAttribute("aria-selected", String(VIEWS[n] === name));
    for (const [each, node] of Object.entries(nodes)) node.hidden = each !== name;
    history.replaceState(null, "", `${location.pathname}${location.search}#${name}`);
    if (name === "tasks") tasks.refresh();
    if (name === "overview") askSessions();
    if (name === "profiles") profiles.refresh();
  }

  /** @param {string} reason */
  function deny(reason) {
    main.hidden = true;
    door.show(hasToken() ? t("debug.token.wrong") : reason);
  }

  /** @param {boolean} isThere @param {string} text */
  function tell(isThere, text) {
    state.dataset.level = isThere ? "fine" : "away";
    state.textContent = text;
  }

  async function askStatus() {
    try {
      const status = /** @type {Status} */ (await askJson("debug/status"));
      door.node.hidden = true;
      main.hidden = false;
      leave.hidden = !hasToken();
      version.textContent = status.versions.whiteboard;
      tell(true, t("debug.up", { age: ageText(Math.max(...status.processes.map(({ uptime }) => uptime ?? 0))) }));
      tasks.offerWorkers(status.processes.length);
      profiles.offerWorkers(status.processes.length);
      overview.show(status);
      if (view === "figures") figures.show(status);
    } catch (error) {
      if (error instanceof NotOperator) deny(error.message);
      tell(false, error instanceof NotOperator ? "" : t("debug.away.since", { reason: error instanceof Error ? error.message : String(error) }));
    }
  }

  async function askSessionsOnce() {
    try {
      overview.showSessions(await askJson("debug/sessions?limit=100"));
    } catch {
      // the status says what is the matter
    }
  }

  /** @param {string} worker */
  async function askTasks(worker) {
    try {
      tasks.show(await askJson(worker ? `debug/workers/${worker}` : "debug/tasks"));
    } catch (error) {
      if (error instanceof NotOperator) deny(error.message);
      else tasks.showTrouble(error instanceof Error ? error.message : String(error));
    }
  }

  addEventListener("hashchange", () => VIEWS.includes(location.hash.slice(1)) && turnTo(location.hash.slice(1)));
  const ask = poll(askStatus, STATUS_MS);
  const askSessions = poll(askSessionsOnce, SESSIONS_MS, () => view === "overview" && !main.hidden);
  turnTo(view);
}

/** Where one who is not at the server's own machine gives the token. @param {(token: string) => void} enter */
function makeDoor(enter) {
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

/** @param {import("../main.js").Startup} start */
async function begin({ styled }) {
  const asked = new URLSearchParams(location.search).get("lang");
  const chosen = chooseLanguage([asked, recall("language", null), ...(navigator.languages ?? [])]);
  const [own] = await Promise.all([arrived(TEXTS[chosen]()), styled]);
  await setLanguage(chosen, own.default);
  document.title = `${t("debug.title")} · ${location.host}`;
  show();
}

if (startup) {
  begin(startup).then(() => startup.done()).catch((error) => startup.failed(error instanceof Error ? error.message : error));
}
