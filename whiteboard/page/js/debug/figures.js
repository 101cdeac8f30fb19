// @ts-check
/** All figures that the server keeps, and the settings that it runs with. @import {Figure, Status} from "./overview.js" */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { quantile } from "./histograms.js";
import { section, table } from "./nodes.js";
import { digits, figureText } from "./units.js";

export function makeFigures() {
  const filter = h("input", { class: "field", placeholder: "debug.filter", label: "debug.filter", testid: "figures-filter", attrs: { type: "search", spellcheck: "false" } });
  const figures = table(["debug.figure", "debug.value", "debug.meaning"], "figures", "debug.figures.none");
  const versions = h("dl", { class: "facts", testid: "versions" }), settings = h("dl", { class: "facts", testid: "settings" });
  const node = h("div", { class: "debug-view" }, section("debug.figures", "figures-section", filter, figures.node),
    section("debug.versions", "versions-section", versions), section("debug.settings", "settings-section", settings));
  /** @type {Status|null} */
  let latest = null;

  /** @param {Status} status */
  function show(status) {
    latest = status;
    const wanted = filter.value.trim().toLowerCase();
    const shown = Object.entries(status.figures).filter(([name, { meaning }]) => `${name} ${meaning}`.toLowerCase().includes(wanted));
    figures.fill(shown.map(([name, figure]) => [h("code", {}, name), valueNode(name, figure), figure.meaning]));
    facts(versions, status.versions);
    facts(settings, flat(status.settings));
  }

  filter.addEventListener("input", () => latest && show(latest));
  return { node, show };
}

/** @param {string} name @param {Figure} figure @returns {Node|string} */
function valueNode(name, { kind, values = {}, bounds = [], counts = [], largest = 0, sum = 0 }) {
  if (kind === "histogram") return histogramNode(name, { bounds, counts, largest, sum });
  const told = Object.entries(values);
  if (told.length === 1 && told[0][0] === "") return figureText(name, told[0][1]);
  return h("dl", { class: "values" }, ...told.flatMap(([label, value]) => [h("dt", {}, label || "–"), h("dd", {}, figureText(name, value))]));
}

/** @param {string} name @param {{bounds: number[], counts: number[], largest: number, sum: number}} histogram */
function histogramNode(name, histogram) {
  const { bounds, counts, largest } = histogram, all = counts.reduce((sum, count) => sum + count, 0), most = Math.max(...counts, 1);
  const bars = counts.map((count, n) => {
    const bar = h("span", { class: "bar", attrs: { title: `≤ ${n < bounds.length ? figureText(name, bounds[n]) : "∞"}: ${digits(count)}` } });
    bar.style.setProperty("--share", String(count / most));
    return bar;
  });
  const told = all === 0 ? "0" : t("debug.histogram", {
    n: digits(all), median: figureText(name, quantile(histogram, 0.5)), p99: figureText(name, quantile(histogram, 0.99)), largest: figureText(name, largest),
  });
  return h("div", { class: "histogram" }, h("div", { class: "bars", attrs: { "aria-hidden": "true" } }, ...bars), told);
}

/** @param {HTMLElement} list @param {Record<string, unknown>} values */
function facts(list, values) {
  list.replaceChildren(...Object.entries(values).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value === null ? "–" : String(value))]));
}

/** @param {Record<string, unknown>} values @param {string} [prefix] @returns {Record<string, unknown>} */
function flat(values, prefix = "") {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => {
    if (Array.isArray(value)) return [[prefix + name, value.join(", ") || null]];
    if (value && typeof value === "object") return Object.entries(flat(/** @type {Record<string, unknown>} */ (value), `${prefix}${name}.`));
    return [[prefix + name, value]];
  }));
}
