// @ts-check
/** The page of a board: identity, journal and sync client, the desk, and the chrome around it. */
import { Board } from "./core/board.js";
import { personColor, PEOPLE_COLORS } from "./draw/color.js";
import { Desk } from "./desk.js";
import { guestName } from "./guest.js";
import { t } from "./i18n/i18n.js";
import { loadArrivals } from "./input/files.js";
import { PointerInput } from "./input/pointer.js";
import { arrived, untilAllArrive } from "./loading.js";
import { recall, remember } from "./prefs.js";
import { BoardSync } from "./sync/board_sync.js";
import { loadIdentity, newClientId, saveIdentity } from "./sync/identity.js";
import { openJournal } from "./sync/journal.js";
import { withToken } from "./token.js";
import { TOOLS } from "./tools/registry.js";

const GRID_STEP = 24;

/** @param {string} board */
function socketUrl(board) {
  const url = new URL(`ws/${encodeURIComponent(board)}`, document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  return withToken(url).href;
}

/** Name and colour that this person has on all boards; a guest gets both at the first visit. */
function person() {
  const known = recall("person", /** @type {{name?: string, color?: string}|null} */ (null));
  if (known?.name && known.color) return { name: known.name, color: known.color };
  const seed = newClientId();
  const color = known?.color ?? personColor(seed) ?? PEOPLE_COLORS[0];
  const fresh = { name: guestName(seed, color), color };
  remember("person", fresh);
  return fresh;
}

/** Returns once the board may be drawn on; what is needed later is loaded behind it. @param {HTMLElement} root @param {string} board */
export async function showBoard(root, board) {
  const chromeModule = arrived(import("./chrome/chrome.js"));
  chromeModule.catch(() => {}); // thrown below, where it is waited for
  const key = new URL(`ws/${board}`, document.baseURI).pathname;
  const sync = new BoardSync({ url: socketUrl(board), board: new Board(), identity: loadIdentity(key, person()), store: await openJournal(key) });
  sync.addEventListener("identity", (e) => saveIdentity(key, /** @type {CustomEvent} */ (e).detail));
  const parts = makeParts(root, board);
  const desk = new Desk({ board, sync, stage: parts.stage, floating: parts.floating });
  const input = new PointerInput(desk);
  followGrid(desk);
  /** For tests and for the curious: what the page knows. */
  Object.assign(window, { whiteboard: { desk, sync, view: sync.view, scene: desk.scene, layers: desk.layers, input } });
  const started = sync.start();
  const { makeChrome } = await chromeModule;
  const presence = makeChrome(desk, parts.chrome, parts.cursors, input);
  Object.assign(/** @type {any} */ (window).whiteboard, { presence, isReady: false });
  await Promise.all([started, desk.loadTool("pen")]);
  await desk.setTool("pen");
  addEventListener("pagehide", () => desk.rememberCamera());
  void loadRest(desk);
}

/** Loads early what is used later: without a network it could not be had. @param {Desk} desk */
async function loadRest(desk) {
  await untilAllArrive(() => [...TOOLS.map((tool) => desk.loadTool(tool.id)), loadArrivals(desk)], (ms) => pause(desk, ms));
  /** @type {any} */ (window).whiteboard.isReady = true;
  document.documentElement.dataset.ready = "true";
}

/** @param {Desk} desk @param {number} ms at most: less when there is a connection again @returns {Promise<void>} */
function pause(desk, ms) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      desk.removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    desk.addEventListener("online", end);
  });
}

/** @param {HTMLElement} root @param {string} board */
function makeParts(root, board) {
  const make = (/** @type {string} */ tag, /** @type {string} */ className) => {
    const node = document.createElement(tag);
    node.className = className;
    return node;
  };
  const stage = make("div", "stage"), cursors = make("div", "cursors"), floating = make("div", "floating"), chrome = make("div", "chrome");
  const main = make("main", "board");
  stage.tabIndex = 0;
  stage.dataset.testid = "stage";
  stage.setAttribute("role", "application");
  const name = () => stage.setAttribute("aria-label", `${t("board.label", { board })}: ${t("board.canvas")}`);
  document.addEventListener("languagechange", name);
  name();
  cursors.setAttribute("aria-hidden", "true");
  main.append(stage, cursors, floating);
  root.replaceChildren(main, chrome);
  return { stage, cursors, floating, chrome };
}

/** The dots of the paper move and grow with the board. @param {Desk} desk */
function followGrid(desk) {
  const show = () => {
    const { x, y, z } = desk.camera;
    let step = GRID_STEP * z;
    while (step < 16) step *= 2;
    while (step > 48) step /= 2;
    const style = desk.stage.style;
    style.backgroundSize = `${step}px ${step}px`;
    style.backgroundPosition = `${-x * z - step / 2}px ${-y * z - step / 2}px`;
  };
  desk.addEventListener("camera", show);
  show();
}
