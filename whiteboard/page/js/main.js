// @ts-check
/** Where the page begins: the language, then the landing view or a board, by the address. */
import { chooseLanguage, setLanguage, t } from "./i18n/i18n.js";
import { noteVisit, recall, remember } from "./prefs.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));

/** The board that the address names, or null. @param {string} path @param {string} base path of the base URL */
function boardOf(path, base) {
  const match = /^b\/([^/]+)\/?$/.exec(path.startsWith(base) ? path.slice(base.length) : "");
  return match && decodeURIComponent(match[1]);
}

async function begin() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) remember("language", chooseLanguage([asked]));
  const board = boardOf(location.pathname, new URL(document.baseURI).pathname);
  const wishes = [asked, recall("language", null), ...(navigator.languages ?? [])];
  const [, view] = await Promise.all([setLanguage(chooseLanguage(wishes)), board === null ? import("./landing.js") : import("./board_page.js")]);
  if ("showLanding" in view) {
    view.showLanding(root);
  } else if (board !== null) {
    noteVisit(board);
    document.title = `${board} · ${t("app.name")}`;
    await view.showBoard(root, board);
  }
}

begin().catch((error) => {
  console.error(error);
  root.textContent = t("board.unsupported");
});
