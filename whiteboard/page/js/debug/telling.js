// @ts-check
/**
 * What is said of a profile beside its picture: a function in words, the colours, the table.
 *
 * @import {Profile} from "./pprof.js"
 * @import {Amount, How, Node} from "./folding.js"
 * @typedef {{name: string, profile: Profile, how: How, root: Node, unit: string, isComparison: boolean}} View one profile, as it is shown now
 * @typedef {(node: {name: string, file: string}) => boolean} IsWanted
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { isDark } from "../prefs.js";
import { amountOf, fold, functionsOf, isComparison } from "./folding.js";
import { packageOf, shadeOfPackage } from "./shades.js";
import { amountText, changeText, shareText } from "./units.js";

const MAX_ROWS = 200;
const MAX_PACKAGES = 6;

/** @param {string} name @param {Profile} profile @param {How} how @returns {View} */
export function viewOf(name, profile, how) {
  return { name, profile, how, root: fold(profile, how), unit: profile.types[how.type].unit, isComparison: isComparison(profile, how) };
}

/** One function: where it is, and how much. @param {View} view @param {Node} node @returns {HTMLElement[]} */
export function detailsOf(view, node) {
  const isAll = node === view.root, numbers = view.isComparison ? changesOf(node, view) : amountsOf(node, view);
  return [
    h("div", { class: "details-name" }, h("code", {}, isAll ? t("debug.flame.all") : node.name), h("span", { class: "details-place" }, isAll ? view.name : placeOf(node))),
    h("dl", { class: "details-numbers" }, ...numbers.flatMap(([label, value]) => [h("dt", { text: label }), h("dd", {}, value)])),
  ];
}

/** What the colours mean. @param {View} view @returns {HTMLElement[]} */
export function legendOf({ profile, how, root, isComparison: is }) {
  if (is) return [h("span", { class: "legend-scale" }), ...["debug.legend.less", "debug.legend.same", "debug.legend.more"].map((text) => h("span", { text }))];
  /** @type {Map<string, number>} */
  const packages = new Map();
  for (const { name, file, self } of functionsOf(profile, how)) packages.set(packageOf(name, file), (packages.get(packageOf(name, file)) ?? 0) + self.now);
  const most = [...packages].sort(([, one], [, other]) => other - one).slice(0, MAX_PACKAGES);
  return most.map(([name, amount]) => {
    const mark = h("span", { class: "legend-mark" });
    mark.style.background = shadeOfPackage(name, isDark());
    return h("span", { class: "legend-entry" }, mark, `${name} ${shareText(amount, root.total.now)}`);
  });
}

/** Rows of the table, those first that have or changed the most. @param {View} view @param {IsWanted|null} isWanted @param {(name: string) => void} choose */
export function rowsOf({ profile, how, root, unit, isComparison: is }, isWanted, choose) {
  const list = functionsOf(profile, how).filter((row) => !isWanted || isWanted(row)), whole = is ? root.total.before || root.total.now : root.total.now;
  const change = (/** @type {Amount} */ { now, before }) => now - before;
  if (is) list.sort((one, other) => Math.abs(change(other.self)) - Math.abs(change(one.self)));
  const cells = (/** @type {Amount} */ amount) => (is
    ? [changeText(change(amount), unit), shareText(Math.abs(change(amount)), whole)]
    : [amountText(amount.now, unit), shareText(amount.now, whole)]);
  return list.slice(0, MAX_ROWS).map((row) => {
    const name = h("button", { class: "function-name", attrs: { type: "button" }, on: { click: () => choose(row.name) } }, row.name);
    return [name, ...cells(row.self), ...cells(row.total), placeOf(row)];
  });
}

/** How much was found. @param {View} view @param {IsWanted} isWanted */
export function foundText({ profile, how, root, unit }, isWanted) {
  const amount = amountOf(profile, how, (name, file) => isWanted({ name, file }));
  return t("debug.profile.found", { share: shareText(amount.now, root.total.now), amount: amountText(amount.now, unit) });
}

/** What a profile says of itself. @param {Profile} profile */
export function commentsOf({ seconds, comments }) {
  return [seconds ? t("debug.profile.took", { seconds: Math.round(seconds * 10) / 10 }) : "", ...comments].filter(Boolean).join(" · ");
}

/** What is searched for: a regular expression where it is one, else a part of a name or file. @param {string} text @returns {IsWanted|null} */
export function searched(text) {
  const part = text.trim().toLowerCase();
  if (!part) return null;
  try {
    const pattern = new RegExp(text.trim(), "i");
    return ({ name, file }) => pattern.test(name) || pattern.test(file);
  } catch {
    return ({ name, file }) => `${name} ${file}`.toLowerCase().includes(part);
  }
}

/** @param {{file: string, line: number}} place */
const placeOf = ({ file, line }) => `${file}${line ? `:${line}` : ""}`;

/** @param {Node} node @param {View} view @returns {[string, string][]} */
function amountsOf({ self, total, parent }, { root, unit }) {
  const told = (/** @type {Amount} */ { now }) => `${amountText(now, unit)} · ${shareText(now, root.total.now)}`;
  /** @type {[string, string][]} */
  const numbers = [["debug.total", told(total)], ["debug.self", told(self)]];
  if (parent?.parent) numbers.push(["debug.ofCaller", shareText(total.now, parent.total.now)]);
  return numbers;
}

/** @param {Node} node @param {View} view @returns {[string, string][]} */
function changesOf({ self, total }, { root, unit }) {
  return [
    ["debug.change", `${changeText(total.now - total.before, unit)} · ${shareText(Math.abs(total.now - total.before), root.total.before || root.total.now)}`],
    ["debug.selfChange", changeText(self.now - self.before, unit)],
    ["debug.nowBefore", `${amountText(total.now, unit)} / ${amountText(total.before, unit)}`],
  ];
}
