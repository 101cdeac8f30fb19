// @ts-check
/**
 * The page's language: dictionaries are flat and loaded one at a time; English stands in for what is missing.
 * Texts bound to nodes follow a change of language.
 *
 * @typedef {Record<string, string>} Dictionary
 */
import { arrived } from "../loading.js";

/** @type {Record<string, {name: string, load: () => Promise<{default: Dictionary}>}>} */
export const LANGUAGES = {
  en: { name: "English", load: () => import("./en.js") },
  zh: { name: "中文", load: () => import("./zh.js") },
};

/** Best known language of a list of wishes such as `zh-CN`. @param {readonly (string|null|undefined)[]} wishes @returns {string} */
export function chooseLanguage(wishes) {
  for (const wish of wishes) {
    const code = wish?.toLowerCase().split(/[-_]/)[0] ?? "";
    if (Object.hasOwn(LANGUAGES, code)) return code;
  }
  return "en";
}

/** @type {Dictionary} */
let dictionary = {};
export let language = "en";

/**
 * Loads a language and makes it the page's; rejects with NotArrived, and stays with the one before.
 * @param {string} code @param {Dictionary} [further] texts of the same language that only this page needs
 */
export async function setLanguage(code, further = {}) {
  dictionary = { ...(await arrived(LANGUAGES[code].load())).default, ...further };
  language = code;
  if (typeof document === "undefined") return;
  document.documentElement.lang = code === "zh" ? "zh-CN" : code;
  retranslate(document);
  document.dispatchEvent(new CustomEvent("languagechange"));
}

/** Text of a key; `{name}` in it is filled from `values`. @param {string} key @param {Record<string, string|number>} [values] */
export function t(key, values = {}) {
  const text = dictionary[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => (Object.hasOwn(values, name) ? String(values[name]) : all));
}

/** The key that suits a count: `key.one` for 1 where the dictionary has it. @param {string} key @param {number} n @param {Record<string, string|number>} [values] */
export function tn(key, n, values = {}) {
  const one = `${key}.one`;
  return t(n === 1 && one in dictionary ? one : key, { n, ...values });
}

/** Sets the texts of all nodes that name a key (`data-t`, `data-t-label`, `data-t-placeholder`). @param {ParentNode} root */
export function retranslate(root) {
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-t], [data-t-label], [data-t-placeholder]"))) translate(node);
}

/** @param {HTMLElement} node */
export function translate(node) {
  const { t: text, tLabel, tPlaceholder, keys } = node.dataset;
  if (text) node.textContent = t(text);
  if (tPlaceholder) node.setAttribute("placeholder", t(tPlaceholder));
  if (!tLabel) return;
  node.setAttribute("aria-label", t(tLabel));
  if (node.matches("button, a, input")) node.title = keys ? `${t(tLabel)} — ${keys}` : t(tLabel);
}
