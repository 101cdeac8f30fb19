// @ts-check
/**
 * Colours of the flame graph. One profile: a hue for each package, so that one sees whose time it is. Two: blue for less and orange
 * for more, which nearly all who see few colours tell apart, and grey for what stayed.
 *
 * @import {Amount} from "./folding.js"
 */

/** Apart for all common kinds of sight, as far as eight can be; the server's own package has the first. */
const HUES = [28, 210, 150, 285, 55, 340, 180, 250];
const OWN = "whiteboard";
const LESS_HUE = 212, MORE_HUE = 28;

/** The package of a function: the first part of its name, or of its file where the name has none. @param {string} name @param {string} file */
export function packageOf(name, file) {
  const [, frozen] = /^<frozen (\w+)/.exec(file) ?? [];
  if (frozen) return frozen;
  const [, found] = /(?:site|dist)-packages\/([^/]+)/.exec(file) ?? /lib\/python[\d.]+\/([^/]+)/.exec(file) ?? [];
  if (found) return found.replace(/\.py$/, "");
  if (file.startsWith("<")) return "generated";
  if (!file && name.startsWith("(")) return name; // no function, but what a profile says for want of one
  const [first] = name.split(/[.:/]/, 1);
  return name.includes(".") && /^[\w$-]+$/.test(first) ? first : file.split("/")[0] || "?";
}

/** @param {string} text @returns {number} the same for the same text, from 0 to 2^32 */
function hashed(text) {
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  return hash >>> 0;
}

/** @param {string} packageName */
function hueOf(packageName) {
  if (packageName === OWN) return HUES[0];
  return HUES[1 + (hashed(packageName) % (HUES.length - 1))];
}

/** Of a function. @param {string} name @param {string} file @param {boolean} isDark */
export function shadeOf(name, file, isDark) {
  const step = hashed(`${name}\n${file}`) % 5; // neighbours of one package are told apart
  return isDark ? `hsl(${hueOf(packageOf(name, file))} 34% ${30 + step * 1.7}%)` : `hsl(${hueOf(packageOf(name, file))} 62% ${75 + step * 2}%)`;
}

/** Of a package, for the legend. @param {string} packageName @param {boolean} isDark */
export function shadeOfPackage(packageName, isDark) {
  return isDark ? `hsl(${hueOf(packageName)} 38% 42%)` : `hsl(${hueOf(packageName)} 62% 74%)`;
}

/** By how much it changed, from -1 (gone) over 0 to 1 (new). @param {Amount} amount */
export function changeOf({ now, before }) {
  const most = Math.max(now, before);
  return most > 0 ? (now - before) / most : 0;
}

/** Of a change. @param {Amount} amount @param {boolean} isDark */
export function shadeOfChange(amount, isDark) {
  const change = changeOf(amount), strength = Math.sqrt(Math.abs(change));
  const hue = change < 0 ? LESS_HUE : MORE_HUE, saturation = Math.round(strength * (isDark ? 62 : 84));
  return `hsl(${hue} ${saturation}% ${isDark ? Math.round(30 + 10 * strength) : Math.round(89 - 22 * strength)}%)`;
}
