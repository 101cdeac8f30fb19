// @ts-check
/** What this browser remembers of its user, as JSON under `whiteboard.*`; without storage, for this page only. */

const PREFIX = "whiteboard.";
/** @type {Map<string, unknown>} */
const kept = new Map();

/** @template T @param {string} name @param {T} fallback @returns {T} */
export function recall(name, fallback) {
  if (kept.has(name)) return /** @type {T} */ (kept.get(name));
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/** @param {string} name @param {unknown} value */
export function remember(name, value) {
  kept.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // storage is full or forbidden: the page goes on without
  }
}

/** The theme is read by early.js as plain text. @param {"system"|"light"|"dark"} theme */
export function rememberTheme(theme) {
  try {
    localStorage.setItem(`${PREFIX}theme`, theme);
  } catch {
    // as above
  }
}

/** The appearance that holds now: chosen here, or before and taken up by early.js. @returns {"system"|"light"|"dark"} */
export function chosenTheme() {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** @typedef {{board: string, at: number}} RecentBoard */

const MAX_RECENT = 12;

/** @returns {RecentBoard[]} newest first */
export function recentBoards() {
  const list = recall("recent", /** @type {RecentBoard[]} */ ([]));
  return Array.isArray(list) ? list.filter((r) => typeof r?.board === "string" && typeof r?.at === "number") : [];
}

/** @param {string} board */
export function noteVisit(board) {
  remember("recent", [{ board, at: Date.now() }, ...recentBoards().filter((r) => r.board !== board)].slice(0, MAX_RECENT));
}

/** @param {string} board */
export function forgetVisit(board) {
  remember("recent", recentBoards().filter((r) => r.board !== board));
}

/** Is the page dark now, by choice or by the system? */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Chooses the appearance and tells the document (`themechange`). @param {"system"|"light"|"dark"} theme */
export function applyTheme(theme) {
  rememberTheme(theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("themechange"));
}
