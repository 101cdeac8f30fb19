// @ts-check
/**
 * One profile as a flame graph or a table: what is shown of it, zoomed to and searched for.
 *
 * @import {Node} from "./folding.js"
 * @import {Profile} from "./pprof.js"
 * @import {View} from "./telling.js"
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { makeFlame } from "./flame.js";
import { pathTo, sameIn } from "./folding.js";
import { table, toggle } from "./nodes.js";
import { makeShelf } from "./shelf.js";
import { commentsOf, detailsOf, foundText, legendOf, rowsOf, searched, viewOf } from "./telling.js";

/** So many functions of the way to what was zoomed to. */
const TRAIL = 6;
const COLUMNS = ["debug.function", "#debug.self", "#debug.selfShare", "#debug.total", "#debug.totalShare", "debug.place"];

export class Graph {
  /** @type {View|null} */
  #view = null;
  /** What is zoomed to. @type {Node|null} */
  #place = null;
  #isInverted = false;
  #asShares = false;
  #shelf = makeShelf(() => this.#show());
  #search = makeSearch(() => this.#mark());
  #flame = makeFlame({ pointedAt: (node) => this.#detail(node), zoomedTo: (node) => this.#zoomedTo(node) });
  #rows = table(COLUMNS, "functions", "debug.profile.nothing");
  #inverted = toggle("debug.profile.inverted", "profile-inverted", (isOn) => this.#invert(isOn));
  #shares = toggle("debug.profile.shares", "profile-shares", (isOn) => this.#share(isOn));
  #asTable = toggle("debug.functions", "profile-table", (isOn) => this.#turn(isOn));
  #reset = button("debug.profile.reset", "profile-reset", () => this.#flame.reset());
  #trail = h("nav", { class: "trail", label: "debug.flame.trail" });
  #details = h("div", { class: "flame-details", testid: "flame-details", attrs: { "aria-live": "polite" } });
  #legend = h("div", { class: "legend", testid: "flame-legend" });
  #comments = h("p", { class: "quiet-note comments" });
  #drawn = h("div", { class: "flame-drawn" }, this.#details, this.#legend, this.#flame.node, h("p", { class: "quiet-note flame-keys", text: "debug.flame.keys" }));
  #results = this.#makeResults();
  #welcome = h("p", { class: "all-well", text: "debug.profile.welcome" });
  node = h("div", {}, this.#welcome, this.#results);

  constructor() {
    this.#results.hidden = true;
    this.#turn(false);
    document.addEventListener("keydown", (event) => this.#hearKey(event));
    document.addEventListener("themechange", () => this.#view && this.#legend.replaceChildren(...legendOf(this.#view)));
  }

  /** Keeps a profile and shows it. @param {Uint8Array<ArrayBuffer>} bytes @param {Profile} profile @param {string} name */
  keep(bytes, profile, name) {
    this.#shelf.add(bytes, profile, name);
    this.#show();
  }

  #makeResults() {
    const download = button("debug.profile.save", "profile-save", () => this.#shelf.save());
    const tools = h("div", { class: "bar-of-tools" }, ...this.#shelf.nodes, this.#shares, this.#inverted, this.#asTable, ...this.#search.nodes, this.#reset, download);
    return h("div", {}, h("div", { class: "flame-panel panel" }, tools, this.#trail, this.#drawn, this.#rows.node), this.#comments);
  }

  #show() {
    const { shown, before, type } = this.#shelf;
    if (!shown) return;
    this.#welcome.hidden = true;
    this.#results.hidden = false;
    this.#shares.hidden = before === null;
    const view = this.#view = viewOf(shown.name, shown.profile, { type, isInverted: this.#isInverted, before: before?.profile ?? null, asShares: this.#asShares });
    const place = this.#place ? sameIn(view.root, this.#place) : view.root;
    this.#flame.show({ root: view.root, unit: view.unit, isComparison: view.isComparison, isWanted: searched(this.#search.text) }, place);
    this.#legend.replaceChildren(...legendOf(view));
    this.#comments.textContent = commentsOf(shown.profile);
    this.#mark();
  }

  /** Shows what is searched for, in graph and table. */
  #mark() {
    if (!this.#view) return;
    const isWanted = searched(this.#search.text);
    this.#flame.mark(isWanted);
    this.#search.tell(isWanted ? foundText(this.#view, isWanted) : "");
    this.#rows.fill(rowsOf(this.#view, isWanted, (name) => this.#find(name)));
  }

  /** Searches for a function that the table has, in the graph. @param {string} name */
  #find(name) {
    this.#search.text = name;
    this.#mark();
    this.#turn(false);
  }

  /** @param {boolean} isOn */
  #invert(isOn) {
    this.#isInverted = isOn;
    this.#place = null;
    this.#show();
  }

  /** @param {boolean} isOn */
  #share(isOn) {
    this.#asShares = isOn;
    this.#show();
  }

  /** The table in the graph's place, or the graph again. @param {boolean} isTable */
  #turn(isTable) {
    this.#asTable.setAttribute("aria-pressed", String(isTable));
    this.#drawn.hidden = isTable;
    this.#rows.node.hidden = !isTable;
  }

  /** @param {Node|null} node */
  #detail(node) {
    if (this.#view) this.#details.replaceChildren(...detailsOf(this.#view, node ?? this.#view.root));
  }

  /** @param {Node} node */
  #zoomedTo(node) {
    this.#place = node;
    const steps = pathTo(node);
    this.#reset.disabled = this.#trail.hidden = steps.length === 1;
    this.#trail.replaceChildren(...steps.slice(-TRAIL).map((step) => {
      const name = step.parent ? step.name.split(".").slice(-2).join(".") : t("debug.flame.all");
      return h("button", { class: "chip", attrs: { type: "button", disabled: step === node }, on: { click: () => this.#flame.zoom(step) } }, name);
    }));
  }

  /** @param {KeyboardEvent} event */
  #hearKey(event) {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === "/" && !isTyping && this.#results.offsetParent) {
      event.preventDefault();
      this.#search.focus();
    } else if (event.key === "Escape" && this.#search.has(event.target)) {
      this.#search.text = "";
      this.#mark();
      this.#flame.focus();
    }
  }
}

/** @param {string} text key @param {string} testid @param {() => void} click */
function button(text, testid, click) {
  return h("button", { class: "button", text, testid, attrs: { type: "button" }, on: { click } });
}

/** @param {() => void} changed */
function makeSearch(changed) {
  const field = h("input", { class: "field search", placeholder: "debug.profile.search", label: "debug.profile.search", testid: "profile-search", attrs: { type: "search", spellcheck: "false" } });
  const found = h("span", { class: "found", testid: "profile-found", attrs: { role: "status" } });
  field.addEventListener("input", changed);
  return {
    nodes: [field, found],
    get text() {
      return field.value;
    },
    set text(text) {
      field.value = text;
    },
    /** @param {string} text */
    tell: (text) => void (found.textContent = text),
    focus: () => field.focus(),
    has: (/** @type {EventTarget|null} */ target) => target === field,
  };
}
