// @ts-check
/**
 * Profiles that were taken or opened: kept while the page is open, shown as a flame graph or a table, one alone or against another.
 *
 * @import {Profile} from "./pprof.js"
 * @import {Node} from "./folding.js"
 * @import {View} from "./telling.js"
 * @typedef {{id: string, name: string, profile: Profile, bytes: Uint8Array<ArrayBuffer>}} Kept
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { makeFlame } from "./flame.js";
import { pathTo, sameIn } from "./folding.js";
import { choice, save, table, toggle } from "./nodes.js";
import { readProfile } from "./pprof.js";
import { makeTaking } from "./taking.js";
import { commentsOf, detailsOf, foundText, legendOf, rowsOf, searched, viewOf } from "./telling.js";

const MAX_KEPT = 12;
/** So many functions of the way to what was zoomed to. */
const TRAIL = 6;

/** @param {() => void} denied the server takes us for nobody special */
export function makeProfiles(denied) {
  const graph = makeGraph();
  const taking = makeTaking(async (bytes, name) => graph.keep(bytes, await readProfile(bytes), name), denied);
  const node = h("div", { class: "debug-view" }, taking.node, graph.node);
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    taking.openFiles(event.dataTransfer?.files);
  });
  return { node, offerWorkers: taking.offerWorkers, refresh: taking.refresh };
}

/** What is shown, and how. */
function makeGraph() {
  const shelf = makeShelf(() => show());
  /** @type {View|null} */
  let view = null;
  /** What is zoomed to. @type {Node|null} */
  let place = null;
  let isInverted = false, asShares = false;

  const inverted = toggle("debug.profile.inverted", "profile-inverted", (isOn) => {
    isInverted = isOn;
    place = null;
    show();
  });
  const shares = toggle("debug.profile.shares", "profile-shares", (isOn) => {
    asShares = isOn;
    show();
  });
  const asTable = toggle("debug.functions", "profile-table", (isOn) => turn(isOn));
  const search = makeSearch(() => mark());
  const reset = h("button", { class: "button", text: "debug.profile.reset", testid: "profile-reset", attrs: { type: "button" }, on: { click: () => flame.reset() } });
  const download = h("button", { class: "button", text: "debug.profile.save", testid: "profile-save", attrs: { type: "button" }, on: { click: () => shelf.save() } });

  const trail = h("nav", { class: "trail", label: "debug.flame.trail" });
  const details = h("div", { class: "flame-details", testid: "flame-details", attrs: { "aria-live": "polite" } });
  const legend = h("div", { class: "legend", testid: "flame-legend" });
  const flame = makeFlame({ pointedAt: (node) => view && details.replaceChildren(...detailsOf(view, node ?? view.root)), zoomedTo: (node) => {
    place = node;
    showTrail(node);
  } });
  const rows = table(["debug.function", "#debug.self", "#debug.selfShare", "#debug.total", "#debug.totalShare", "debug.place"], "functions", "debug.profile.nothing");
  const drawn = h("div", { class: "flame-drawn" }, details, legend, flame.node, h("p", { class: "quiet-note flame-keys", text: "debug.flame.keys" }));
  const comments = h("p", { class: "quiet-note comments" });
  const tools = h("div", { class: "bar-of-tools" }, ...shelf.nodes, shares, inverted, asTable, ...search.nodes, reset, download);
  const results = h("div", {}, h("div", { class: "flame-panel panel" }, tools, trail, drawn, rows.node), comments);
  const welcome = h("p", { class: "all-well", text: "debug.profile.welcome" });
  results.hidden = true;
  turn(false);

  /** The table in the graph's place, or the graph again. @param {boolean} isTable */
  function turn(isTable) {
    asTable.setAttribute("aria-pressed", String(isTable));
    drawn.hidden = isTable;
    rows.node.hidden = !isTable;
  }

  function show() {
    const { shown, before, type } = shelf;
    if (!shown) return;
    welcome.hidden = true;
    results.hidden = false;
    shares.hidden = before === null;
    view = viewOf(shown.name, shown.profile, { type, isInverted, before: before?.profile ?? null, asShares });
    flame.show({ root: view.root, unit: view.unit, isComparison: view.isComparison, isWanted: searched(search.text) }, place ? sameIn(view.root, place) : view.root);
    legend.replaceChildren(...legendOf(view));
    comments.textContent = commentsOf(shown.profile);
    mark();
  }

  /** Shows what is searched for, in graph and table. */
  function mark() {
    if (!view) return;
    const isWanted = searched(search.text);
    flame.mark(isWanted);
    search.tell(isWanted ? foundText(view, isWanted) : "");
    rows.fill(rowsOf(view, isWanted, (name) => {
      search.text = name;
      mark();
      turn(false);
    }));
  }

  /** @param {Node} node */
  function showTrail(node) {
    const steps = pathTo(node);
    reset.disabled = trail.hidden = steps.length === 1;
    trail.replaceChildren(...steps.slice(-TRAIL).map((step) => {
      const name = step.parent ? step.name.split(".").slice(-2).join(".") : t("debug.flame.all");
      return h("button", { class: "chip", attrs: { type: "button", disabled: step === node }, on: { click: () => flame.zoom(step) } }, name);
    }));
  }

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === "/" && !isTyping && results.offsetParent) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && search.has(event.target)) {
      search.text = "";
      mark();
      flame.focus();
    }
  });
  document.addEventListener("themechange", () => view && legend.replaceChildren(...legendOf(view)));
  return {
    node: h("div", {}, welcome, results),
    /** @param {Uint8Array<ArrayBuffer>} bytes @param {Profile} profile @param {string} name */
    keep(bytes, profile, name) {
      shelf.add(bytes, profile, name);
      show();
    },
  };
}

/** The profiles there are, and which of them are shown. @param {() => void} chosen others are */
function makeShelf(chosen) {
  /** @type {Kept[]} the latest first */
  let kept = [];
  /** @type {Kept|null} */
  let shown = null;
  /** @type {Kept|null} */
  let before = null;
  let type = 0, made = 0;
  const find = (/** @type {string} */ id) => kept.find((one) => one.id === id) ?? null;
  const change = () => {
    offer();
    chosen();
  };
  const which = choice("debug.profile.shown", "profile-shown", (id) => {
    shown = find(id);
    if (shown) type = Math.min(type, shown.profile.types.length - 1);
    change();
  });
  const against = choice("debug.profile.against", "profile-against", (id) => {
    before = find(id);
    change();
  });
  const types = choice("debug.profile.type", "profile-type", (value) => {
    type = Number(value);
    change();
  });

  function offer() {
    if (!shown) return;
    const { profile } = shown, others = kept.filter((one) => one !== shown && haveSameTypes(one.profile, profile));
    if (before && !others.includes(before)) before = null;
    which.offer(kept.map(({ id, name }) => ({ value: id, text: name })), shown.id);
    types.offer(profile.types.map(({ kind, unit }, n) => ({ value: String(n), text: `${kind} (${unit})` })), String(type));
    types.node.hidden = profile.types.length < 2;
    against.offer([{ value: "", text: t("debug.profile.alone") }, ...others.map(({ id, name }) => ({ value: id, text: t("debug.profile.minus", { name }) }))], before?.id ?? "");
    against.node.hidden = others.length === 0;
  }

  return {
    nodes: [which.node, types.node, against.node],
    get shown() {
      return shown;
    },
    get before() {
      return before;
    },
    get type() {
      return type;
    },
    /** @param {Uint8Array<ArrayBuffer>} bytes @param {Profile} profile @param {string} name */
    add(bytes, profile, name) {
      if (!shown || !haveSameTypes(shown.profile, profile)) type = profile.defaultType;
      shown = { id: String(++made), name, profile, bytes };
      kept = [shown, ...kept].slice(0, MAX_KEPT);
      offer();
    },
    save: () => shown && save(shown.bytes, `${shown.name.replace(/[^\w.-]+/g, "-")}.pb.gz`),
  };
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

/** @param {Profile} one @param {Profile} other */
function haveSameTypes(one, other) {
  const named = (/** @type {Profile} */ { types }) => types.map(({ kind, unit }) => `${kind} ${unit}`).join("\n");
  return named(one) === named(other);
}
