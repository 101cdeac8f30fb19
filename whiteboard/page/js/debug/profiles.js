// @ts-check
/**
 * Profiles: taken from the server or opened from a file, kept in the page while it is open, shown as a flame graph and a table, one
 * alone or against another.
 *
 * @import {Profile} from "./pprof.js"
 * @import {Node} from "./folding.js"
 * @typedef {{name: string, meaning: string, setting: string, off: {code: string, reason: string}|null}} Source as the index of /debug/pprof/ tells of it
 * @typedef {{id: string, name: string, kind: string, profile: Profile, bytes: Uint8Array<ArrayBuffer>}} Kept
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { askBytes, askJson, NotOperator } from "./asking.js";
import { amountOf, fold, functionsOf, isComparison, pathTo, sameIn } from "./folding.js";
import { makeFlame } from "./flame.js";
import { choice, save, table, toggle, workerChoice } from "./nodes.js";
import { BadProfile, readProfile } from "./pprof.js";
import { makeSampling } from "./sampling.js";
import { packageOf, shadeOfPackage } from "./shades.js";
import { isDark } from "../prefs.js";
import { amountText, changeText, shareText } from "./units.js";

/** Those that are known here, the likeliest first, with how many seconds are proposed; 0 is the present, or all since the start. @type {Record<string, number>} */
const KINDS = { profile: 10, heap: 0, allocs: 0, tasks: 0, block: 10, mutex: 10, sched: 10, threads: 0 };
/** A second name of one that is there. */
const ALIAS = "goroutine";
const MAX_KEPT = 12;
const MAX_ROWS = 200;
const MAX_SECONDS = 600;
const LEGEND = 6;

/** @param {() => void} denied the server takes us for nobody special */
export function makeProfiles(denied) {
  /** @type {Kept[]} the latest first */
  let kept = [];
  /** @type {Kept|null} */
  let shown = null;
  /** @type {Kept|null} */
  let against = null;
  /** @type {Node|null} */
  let root = null;
  /** @type {Node|null} */
  let place = null;
  let type = 0, isInverted = false, asShares = false, made = 0;

  // --- taking -------------------------------------------------------------------------------------

  const kinds = choice("debug.profile.kind", "profile-kind", (kind) => {
    seconds.value = String(KINDS[kind] ?? 0);
    showHint();
  });
  kinds.offer(Object.keys(KINDS).map((kind) => ({ value: kind, text: kindText(kind) })), "profile");
  const seconds = h("input", { class: "field seconds", label: "debug.profile.seconds", testid: "profile-seconds", attrs: { type: "number", min: 0, max: MAX_SECONDS, step: 1, value: KINDS.profile } });
  const take = h("button", { class: "button primary", text: "debug.profile.take", testid: "profile-take", attrs: { type: "button" } });
  const file = h("input", { class: "off-screen", label: "debug.profile.open", testid: "profile-file", attrs: { type: "file", multiple: true, tabindex: -1 } });
  const open = h("button", { class: "button", text: "debug.profile.open", attrs: { type: "button" }, on: { click: () => file.click() } });
  const hint = h("p", { class: "quiet-note hint-of-kind", testid: "profile-hint" });
  /** @type {Source[]} */
  let sources = [];

  /** What there is, and what keeps it from being taken now. */
  async function learn() {
    index.href = new URL(sourcesAt(), document.baseURI).href;
    try {
      sources = /** @type {{profiles: Source[]}} */ (await askJson(sourcesAt())).profiles.filter(({ name }) => name !== ALIAS);
    } catch (error) {
      if (error instanceof NotOperator) denied();
      return; // taking one says what is the matter
    }
    const order = Object.keys(KINDS), place = (/** @type {Source} */ { name }) => (order.includes(name) ? order.indexOf(name) : order.length);
    sources.sort((one, other) => place(one) - place(other));
    kinds.offer(sources.map(({ name }) => ({ value: name, text: kindText(name) })), kinds.node.value);
    showHint();
  }

  function showHint() {
    const source = sources.find(({ name }) => name === kinds.node.value);
    hint.textContent = source?.off ? source.off.reason : [source?.meaning, source?.setting].filter(Boolean).join(" · ");
  }

  const said = h("p", { class: "profile-said", testid: "profile-said", attrs: { role: "status" } });
  const index = h("a", { class: "debug-link", text: "debug.profile.index" });
  const workers = workerChoice("profile-worker", () => learn());
  /** Where profiles are: of the one process, or of the worker that is chosen. */
  const sourcesAt = () => (workers.worker ? `debug/workers/${workers.worker}/pprof/` : "debug/pprof/");

  take.addEventListener("click", async () => {
    const kind = kinds.node.value, wait = Math.max(0, Math.min(MAX_SECONDS, Number(seconds.value) || 0));
    take.disabled = true;
    const counting = countDown(wait);
    try {
      const bytes = await askBytes(`${sourcesAt()}${kind}${wait ? `?seconds=${wait}` : ""}`, wait);
      await keep(bytes, kind, `${kind}${wait ? ` ${wait} s` : ""}${workers.worker ? ` · ${t("debug.tasks.worker", { n: workers.worker })}` : ""} · ${new Date().toLocaleTimeString([], { hour12: false })}`);
    } catch (error) {
      if (error instanceof NotOperator) denied();
      else complain(error);
    } finally {
      clearInterval(counting);
      take.disabled = false;
    }
  });

  /** @param {number} wait seconds */
  function countDown(wait) {
    const end = Date.now() + 1000 * wait;
    const tell = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      tellSay(left > 0 ? t("debug.profile.taking", { seconds: left }) : t("debug.profile.coming"));
    };
    tell();
    return setInterval(tell, 500);
  }

  file.addEventListener("change", () => openFiles(file.files));

  /** @param {FileList|null|undefined} files */
  async function openFiles(files) {
    for (const one of files ?? []) {
      try {
        await keep(new Uint8Array(await one.arrayBuffer()), "", one.name.replace(/\.pb\.gz$|\.pprof$|\.gz$/, ""));
      } catch (error) {
        complain(error, one.name);
      }
    }
    file.value = "";
  }

  /** @param {unknown} error @param {string} [name] */
  function complain(error, name = "") {
    const reason = error instanceof Error ? error.message : String(error);
    tellSay(`${name ? `${name}: ` : ""}${error instanceof BadProfile ? t("debug.profile.bad", { reason }) : reason}`, true);
  }

  /** @param {string} text @param {boolean} [isBad] */
  function tellSay(text, isBad = false) {
    said.textContent = text;
    said.classList.toggle("is-bad", isBad);
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes @param {string} kind @param {string} name */
  async function keep(bytes, kind, name) {
    const profile = await readProfile(bytes), id = String(++made);
    const one = { id, name, kind: kind || profile.types[profile.defaultType].kind, profile, bytes };
    kept = [one, ...kept].slice(0, MAX_KEPT);
    against = against && kept.includes(against) && haveSameTypes(profile, against.profile) ? against : null;
    const hadSame = shown && haveSameTypes(shown.profile, profile);
    shown = one;
    if (!hadSame) type = profile.defaultType;
    tellSay("");
    show();
  }

  // --- choosing -----------------------------------------------------------------------------------

  const which = choice("debug.profile.shown", "profile-shown", (id) => {
    shown = kept.find((one) => one.id === id) ?? null;
    if (shown) type = Math.min(type, shown.profile.types.length - 1);
    if (shown && against && !haveSameTypes(shown.profile, against.profile)) against = null;
    show();
  });
  const before = choice("debug.profile.against", "profile-against", (id) => {
    against = kept.find((one) => one.id === id) ?? null;
    show();
  });
  const types = choice("debug.profile.type", "profile-type", (value) => {
    type = Number(value);
    show();
  });
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
  const search = h("input", { class: "field search", placeholder: "debug.profile.search", label: "debug.profile.search", testid: "profile-search", attrs: { type: "search", spellcheck: "false" } });
  const found = h("span", { class: "found", testid: "profile-found", attrs: { role: "status" } });
  const reset = h("button", { class: "button", text: "debug.profile.reset", testid: "profile-reset", attrs: { type: "button" }, on: { click: () => flame.reset() } });
  const download = h("button", { class: "button", text: "debug.profile.save", testid: "profile-save", attrs: { type: "button" } });
  download.addEventListener("click", () => shown && save(shown.bytes, `${shown.name.replace(/[^\w.-]+/g, "-")}.pb.gz`));
  search.addEventListener("input", () => markFound());

  // --- what is shown ------------------------------------------------------------------------------

  const trail = h("nav", { class: "trail", label: "debug.flame.trail" });
  const details = h("div", { class: "flame-details", testid: "flame-details", attrs: { "aria-live": "polite" } });
  const legend = h("div", { class: "legend", testid: "flame-legend" });
  const flame = makeFlame({ pointedAt: (node) => showDetails(node), zoomedTo: (node) => {
    place = node;
    showTrail(node);
  } });
  const rows = table(["debug.function", "#debug.self", "#debug.selfShare", "#debug.total", "#debug.totalShare", "debug.place"], "functions", "debug.profile.nothing");
  const drawn = h("div", { class: "flame-drawn" }, details, legend, flame.node, h("p", { class: "quiet-note flame-keys", text: "debug.flame.keys" }));
  const comments = h("p", { class: "quiet-note comments" });
  const graph = h("div", { class: "flame-panel panel" },
    h("div", { class: "bar-of-tools" }, which.node, types.node, before.node, shares, inverted, asTable, search, found, reset, download),
    trail, drawn, rows.node);
  const results = h("div", {}, graph, comments);
  const welcome = h("p", { class: "all-well", text: "debug.profile.welcome" });
  const sampling = makeSampling(learn, denied);
  const node = h("div", { class: "debug-view" }, h("div", { class: "taking" }, h("div", { class: "bar-of-tools" }, workers.node, kinds.node, seconds, take, open, file, index), hint, sampling.node, said), welcome, results);
  results.hidden = true;
  turn(false);

  /** The table in the graph's place, or the graph again. @param {boolean} isTable */
  function turn(isTable) {
    asTable.setAttribute("aria-pressed", String(isTable));
    drawn.hidden = isTable;
    rows.node.hidden = !isTable;
  }

  /** @returns {import("./folding.js").How} */
  const how = () => ({ type, isInverted, before: against?.profile ?? null, asShares });

  function show() {
    if (!shown) return;
    const { profile } = shown;
    welcome.hidden = true;
    results.hidden = false;
    which.offer(kept.map(({ id, name }) => ({ value: id, text: name })), shown.id);
    const others = kept.filter((one) => one !== shown && haveSameTypes(one.profile, profile));
    before.offer([{ value: "", text: t("debug.profile.alone") }, ...others.map(({ id, name }) => ({ value: id, text: t("debug.profile.minus", { name }) }))], against?.id ?? "");
    before.node.hidden = others.length === 0;
    shares.hidden = against === null;
    types.offer(profile.types.map(({ kind, unit }, n) => ({ value: String(n), text: `${kind} (${unit})` })), String(type));
    types.node.hidden = profile.types.length < 2;
    const next = fold(profile, how()), { unit } = profile.types[type];
    flame.show({ root: next, unit, isComparison: isComparison(profile, how()), isWanted: wanted() }, place ? sameIn(next, place) : next);
    root = next;
    showTrail(place ?? next);
    showDetails(place ?? next);
    showLegend();
    showFunctions();
    markFound();
    comments.textContent = [profile.seconds ? t("debug.profile.took", { seconds: Math.round(profile.seconds * 10) / 10 }) : "", ...profile.comments].filter(Boolean).join(" · ");
  }

  /** @param {Node|null} node_ */
  function showDetails(node_) {
    const one = node_ ?? root;
    if (!one || !root || !shown) return;
    const { unit } = shown.profile.types[type], is = isComparison(shown.profile, how());
    const name = one === root ? t("debug.flame.all") : one.name, at = one === root ? shown.name : `${one.file}${one.line ? `:${one.line}` : ""}`;
    const numbers = is ? changesOf(one, root, unit) : amountsOf(one, root, unit);
    details.replaceChildren(h("div", { class: "details-name" }, h("code", {}, name), h("span", { class: "details-place" }, at)), h("dl", { class: "details-numbers" },
      ...numbers.flatMap(([label, value]) => [h("dt", { text: label }), h("dd", {}, value)])));
  }

  /** @param {Node} one */
  function showTrail(one) {
    const path = pathTo(one), last = path.length - 1;
    reset.disabled = last === 0;
    trail.hidden = last === 0;
    trail.replaceChildren(...path.slice(-6).map((step) => h("button", { class: "chip", attrs: { type: "button", disabled: step === one }, on: { click: () => flame.zoom(step) } }, step.parent ? step.name.split(".").slice(-2).join(".") : t("debug.flame.all"))));
  }

  function showLegend() {
    if (!shown || !root) return;
    if (isComparison(shown.profile, how())) {
      legend.replaceChildren(h("span", { class: "legend-scale" }), h("span", { text: "debug.legend.less", class: "legend-less" }), h("span", { text: "debug.legend.same" }), h("span", { text: "debug.legend.more", class: "legend-more" }));
      return;
    }
    /** @type {Map<string, number>} */
    const packages = new Map();
    for (const { name, file: path, self } of functionsOf(shown.profile, how())) packages.set(packageOf(name, path), (packages.get(packageOf(name, path)) ?? 0) + self.now);
    const most = [...packages].sort(([, one], [, other]) => other - one).slice(0, LEGEND);
    const whole = root.total.now;
    legend.replaceChildren(...most.map(([name, amount]) => {
      const mark = h("span", { class: "legend-mark" });
      mark.style.background = shadeOfPackage(name, isDark());
      return h("span", { class: "legend-entry" }, mark, `${name} ${shareText(amount, whole)}`);
    }));
  }

  function showFunctions() {
    if (!shown || !root) return;
    const { unit } = shown.profile.types[type], is = isComparison(shown.profile, how()), isWanted = wanted(), whole = root.total;
    const list = functionsOf(shown.profile, how()).filter(({ name, file: path }) => !isWanted || isWanted({ name, file: path }));
    if (is) list.sort((one, other) => Math.abs(other.self.now - other.self.before) - Math.abs(one.self.now - one.self.before));
    const cell = (/** @type {{now: number, before: number}} */ amount) => (is ? changeText(amount.now - amount.before, unit) : amountText(amount.now, unit));
    const share = (/** @type {{now: number, before: number}} */ amount) => (is ? shareText(Math.abs(amount.now - amount.before), whole.before || whole.now) : shareText(amount.now, whole.now));
    rows.fill(list.slice(0, MAX_ROWS).map((row) => [searchFor(row.name), cell(row.self), share(row.self), cell(row.total), share(row.total), `${row.file}${row.line ? `:${row.line}` : ""}`]));
  }

  /** A function's name, which marks it in the graph. @param {string} name */
  function searchFor(name) {
    return h("button", { class: "function-name", attrs: { type: "button" }, on: { click: () => {
      search.value = name;
      markFound();
      turn(false);
    } } }, name);
  }

  // --- searching ----------------------------------------------------------------------------------

  /** What is searched for: a regular expression where it is one, else a part of a name. @returns {((node: {name: string, file: string}) => boolean)|null} */
  function wanted() {
    const text = search.value.trim();
    if (!text) return null;
    try {
      const pattern = new RegExp(text, "i");
      return ({ name, file: path }) => pattern.test(name) || pattern.test(path);
    } catch {
      return ({ name, file: path }) => `${name} ${path}`.toLowerCase().includes(text.toLowerCase());
    }
  }

  function markFound() {
    const isWanted = wanted();
    flame.mark(isWanted);
    showFunctions();
    if (!shown || !root || !isWanted) return void (found.textContent = "");
    const amount = amountOf(shown.profile, how(), (name, path) => isWanted({ name, file: path })), { unit } = shown.profile.types[type];
    found.textContent = t("debug.profile.found", { share: shareText(amount.now, root.total.now), amount: amountText(amount.now, unit) });
  }

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === "/" && !isTyping && !node.hidden && !results.hidden) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      markFound();
      flame.focus();
    }
  });
  document.addEventListener("themechange", showLegend);
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    openFiles(event.dataTransfer?.files);
  });
  return {
    node,
    offerWorkers: workers.offer,
    /** It is looked at now. */
    refresh: () => Promise.all([learn(), sampling.refresh()]),
  };
}

/** @param {string} kind */
function kindText(kind) {
  return kind in KINDS ? t(`debug.kind.${kind}`) : kind;
}

/** @param {Profile} one @param {Profile} other */
function haveSameTypes(one, other) {
  const named = (/** @type {Profile} */ { types }) => types.map(({ kind, unit }) => `${kind} ${unit}`).join("\n");
  return named(one) === named(other);
}

/** @param {Node} node @param {Node} root @param {string} unit @returns {[string, string][]} */
function amountsOf({ self, total, parent }, root, unit) {
  /** @type {[string, string][]} */
  const told = [["debug.total", `${amountText(total.now, unit)} · ${shareText(total.now, root.total.now)}`], ["debug.self", `${amountText(self.now, unit)} · ${shareText(self.now, root.total.now)}`]];
  if (parent?.parent) told.push(["debug.ofCaller", shareText(total.now, parent.total.now)]);
  return told;
}

/** @param {Node} node @param {Node} root @param {string} unit @returns {[string, string][]} */
function changesOf({ self, total }, root, unit) {
  return [
    ["debug.change", `${changeText(total.now - total.before, unit)} · ${shareText(Math.abs(total.now - total.before), root.total.before || root.total.now)}`],
    ["debug.selfChange", changeText(self.now - self.before, unit)],
    ["debug.nowBefore", `${amountText(total.now, unit)} / ${amountText(total.before, unit)}`],
  ];
}
