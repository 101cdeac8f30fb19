// @ts-check
/** The operator's page: its views, and the round of questions. @import {Status} from "./overview.js" */
import { h } from "../chrome/dom.js";
import { chooseLanguage, setLanguage, t } from "../i18n/i18n.js";
import { arrived } from "../loading.js";
import { recall } from "../prefs.js";
import { askJson, hasToken, NotOperator, useToken } from "./asking.js";
import { makeFigures } from "./figures.js";
import { makeDoor, makeHead } from "./head.js";
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

class OperatorsPage {
  #view = viewOfAddress() ?? "overview";
  #overview = makeOverview();
  #profiles = makeProfiles(() => this.#deny(""));
  #tasks = makeTasks((worker) => void this.#askTasks(worker));
  #figures = makeFigures();
  /** @type {Record<string, HTMLElement>} */
  #nodes = { overview: this.#overview.node, profiles: this.#profiles.node, tasks: this.#tasks.node, figures: this.#figures.node };
  #head = makeHead(VIEWS, (view) => this.#turnTo(view), () => this.#enter(""));
  #door = makeDoor((token) => this.#enter(token));
  #main = h("main", { class: "debug-main" }, ...Object.values(this.#nodes));
  #ask = poll(() => this.#askStatus(), STATUS_MS);
  #askSessions = poll(() => this.#askSessionsOnce(), SESSIONS_MS, () => this.#view === "overview" && !this.#main.hidden);

  constructor() {
    root.replaceChildren(h("div", { class: "debug" }, this.#head.node, this.#door.node, this.#main));
    addEventListener("hashchange", () => {
      const view = viewOfAddress();
      if (view) this.#turnTo(view);
    });
    this.#turnTo(this.#view);
  }

  /** @param {string} view */
  #turnTo(view) {
    this.#view = view;
    this.#head.choose(view);
    for (const [each, node] of Object.entries(this.#nodes)) node.hidden = each !== view;
    history.replaceState(null, "", `${location.pathname}${location.search}#${view}`);
    if (view === "tasks") this.#tasks.refresh();
    if (view === "overview") this.#askSessions();
    if (view === "profiles") this.#profiles.refresh();
  }

  /** Asks with another token, or with none. @param {string} token */
  #enter(token) {
    useToken(token);
    this.#door.node.hidden = true;
    this.#ask();
  }

  /** @param {string} reason */
  #deny(reason) {
    this.#main.hidden = true;
    this.#door.show(hasToken() ? t("debug.token.wrong") : reason);
  }

  async #askStatus() {
    try {
      this.#show(/** @type {Status} */ (await askJson("debug/status")));
    } catch (error) {
      if (error instanceof NotOperator) this.#deny(error.message);
      this.#head.tell(false, error instanceof NotOperator ? "" : t("debug.away.since", { reason: wordsOf(error) }));
    }
  }

  /** @param {Status} status */
  #show(status) {
    this.#door.node.hidden = true;
    this.#main.hidden = false;
    this.#head.show(status.versions.whiteboard, hasToken());
    this.#head.tell(true, t("debug.up", { age: ageText(Math.max(...status.processes.map(({ uptime }) => uptime ?? 0))) }));
    this.#tasks.offerWorkers(status.processes.length);
    this.#profiles.offerWorkers(status.processes.length);
    this.#overview.show(status);
    if (this.#view === "figures") this.#figures.show(status);
  }

  async #askSessionsOnce() {
    try {
      this.#overview.showSessions(await askJson("debug/sessions?limit=100"));
    } catch {
      // the status says what is the matter
    }
  }

  /** @param {string} worker */
  async #askTasks(worker) {
    try {
      this.#tasks.show(await askJson(worker ? `debug/workers/${worker}` : "debug/tasks"));
    } catch (error) {
      if (error instanceof NotOperator) this.#deny(error.message);
      else this.#tasks.showTrouble(wordsOf(error));
    }
  }
}

/** The view that the address names, if it names one. */
function viewOfAddress() {
  const named = location.hash.slice(1);
  return VIEWS.includes(named) ? named : null;
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {import("../main.js").Startup} start */
async function begin({ styled }) {
  const asked = new URLSearchParams(location.search).get("lang");
  const chosen = chooseLanguage([asked, recall("language", null), ...(navigator.languages ?? [])]);
  const [own] = await Promise.all([arrived(TEXTS[chosen]()), styled]);
  await setLanguage(chosen, own.default);
  document.title = `${t("debug.title")} · ${location.host}`;
  new OperatorsPage();
}

if (startup) {
  begin(startup).then(() => startup.done()).catch((error) => startup.failed(error instanceof Error ? error.message : error));
}
