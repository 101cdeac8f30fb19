// @ts-check
/** Where the page begins: the language, then the landing view or a board, by the address. */
import { chooseLanguage, setLanguage, t } from "./i18n/i18n.js";
import { arrived, NotArrived } from "./loading.js";
import { noteVisit, recall, remember } from "./prefs.js";

/** What early.js gives. @typedef {{styled: Promise<void>, failed: (what: unknown) => void, done: () => void}} Startup */

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const startup = /** @type {Startup|undefined} */ (/** @type {any} */ (window).startup);

/** The board that the address names, or null. @param {string} path @param {string} base path of the base URL */
function boardOf(path, base) {
  const match = /^b\/([^/]+)\/?$/.exec(path.startsWith(base) ? path.slice(base.length) : "");
  return match && decodeURIComponent(match[1]);
}

/** @param {Startup} startup */
async function begin({ styled }) {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) remember("language", chooseLanguage([asked]));
  const board = boardOf(location.pathname, new URL(document.baseURI).pathname);
  const wishes = [asked, recall("language", null), ...(navigator.languages ?? [])];
  /** @type {Promise<typeof import("./landing.js") | typeof import("./board_page.js")>} */
  const loading = board === null ? import("./landing.js") : import("./board_page.js");
  const [, view] = await Promise.all([setLanguage(chooseLanguage(wishes)), arrived(loading), styled]);
  if ("showLanding" in view) {
    view.showLanding(root);
  } else if (board !== null) {
    noteVisit(board);
    document.title = `${board} · ${t("app.name")}`;
    await view.showBoard(root, board);
  }
}

/** @param {Startup} startup @param {unknown} error */
function giveUp(startup, error) {
  if (error instanceof NotArrived) return startup.failed(error.message);
  console.error(error);
  root.textContent = t("board.unsupported");
  startup.done();
}

// Without early.js there is no beginning: index.html has the page loaded again then.
if (startup) begin(startup).then(() => startup.done()).catch((error) => giveUp(startup, error));
