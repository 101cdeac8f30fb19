// @ts-check
/** The page at `/`: a new board, a board by name, boards one was on before. */
import { isBoardId, isMadeUp } from "./board_id.js";
import { h, icon, iconButton } from "./chrome/dom.js";
import { toast } from "./chrome/toast.js";
import { language, LANGUAGES, setLanguage, t, tn } from "./i18n/i18n.js";
import { forgetVisit, recentBoards, remember } from "./prefs.js";
import { withToken } from "./token.js";

/** @param {string} board */
const boardUrl = (board) => withToken(new URL(`b/${encodeURIComponent(board)}`, document.baseURI)).href;

/** @param {HTMLElement} root */
export function showLanding(root) {
  document.title = t("app.name");
  const recent = h("section", { class: "recent", testid: "recent" });
  const card = h("main", { class: "landing" },
    drawing(), h("h1", { text: "landing.title" }), h("p", { class: "tagline", text: "app.tagline" }), makeCreate(), makeOpen(), recent);
  root.replaceChildren(makeLanguages(), card);
  const show = () => showRecent(recent);
  document.addEventListener("languagechange", show);
  show();
}

function makeLanguages() {
  const links = Object.entries(LANGUAGES).map(([id, { name }]) => h("button", {
    class: "quiet", testid: `language-${id}`, attrs: { type: "button", lang: id },
    on: { click: () => {
      remember("language", id);
      setLanguage(id).then(mark).catch(() => toast(t("toast.notArrived"), "warning"));
    } },
  }, name));
  const mark = () => links.forEach((link) => link.setAttribute("aria-pressed", String(link.lang === language)));
  mark();
  return h("nav", { class: "languages", label: "menu.language" }, ...links);
}

function makeCreate() {
  const button = h("button", { class: "button primary large", testid: "create", attrs: { type: "button" } }, icon("plus"), h("span", { text: "landing.create" }));
  const trouble = h("p", { class: "trouble", testid: "create-trouble", attrs: { role: "alert" } });
  button.addEventListener("click", async () => {
    button.disabled = true;
    trouble.textContent = "";
    try {
      location.assign(boardUrl(await createBoard()));
    } catch (error) {
      trouble.textContent = t("landing.failed", { reason: error instanceof Error ? error.message : String(error) });
      button.disabled = false;
    }
  });
  return h("div", { class: "create" }, button, trouble);
}

/** @returns {Promise<string>} the new board's id */
async function createBoard() {
  const answer = await fetch(withToken(new URL("api/boards", document.baseURI)), { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  const body = await answer.json().catch(() => null);
  if (!answer.ok || typeof body?.board !== "string") throw new Error(body?.error?.reason ?? `HTTP ${answer.status}`);
  return body.board;
}

function makeOpen() {
  const input = h("input", { class: "field", label: "landing.open.label", placeholder: "landing.open.placeholder", testid: "open-name", attrs: { type: "text", maxlength: 128, autocapitalize: "off", autocomplete: "off", spellcheck: "false" } });
  const form = h("form", { class: "open", testid: "open-form" }, input, h("button", { class: "button", text: "landing.open", testid: "open", attrs: { type: "submit" } }));
  input.addEventListener("input", () => input.setCustomValidity(""));
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const name = input.value.trim();
    if (isBoardId(name)) {
      location.assign(boardUrl(name));
      return;
    }
    input.setCustomValidity(t("landing.open.bad"));
    input.reportValidity();
  });
  return form;
}

/** @param {HTMLElement} section */
function showRecent(section) {
  const boards = recentBoards();
  section.hidden = boards.length === 0;
  section.replaceChildren(h("h2", { text: "landing.recent" }), h("ul", {}, ...boards.map(({ board, at }) => recentRow(section, board, at))));
}

/** @param {HTMLElement} section @param {string} board @param {number} at */
function recentRow(section, board, at) {
  const link = h("a", { class: "recent-link", testid: "recent-board" }, h("span", { class: `recent-name${isMadeUp(board) ? " is-made-up" : ""}` }, board), h("span", { class: "recent-when" }, ago(at)));
  link.href = boardUrl(board);
  const forget = iconButton("close", { label: "landing.forget", class: "forget", on: { click: () => {
    forgetVisit(board);
    showRecent(section);
  } } });
  return h("li", {}, link, forget);
}

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** @param {number} at milliseconds since the epoch */
function ago(at) {
  const past = Math.max(0, Date.now() - at);
  if (past < MINUTE) return t("time.now");
  if (past < HOUR) return tn("time.minutes", Math.floor(past / MINUTE));
  if (past < DAY) return tn("time.hours", Math.floor(past / HOUR));
  return tn("time.days", Math.floor(past / DAY));
}

const SVG = "http://www.w3.org/2000/svg";
const STROKES = [
  ["M22 78C40 30 62 26 68 52c4 18-14 30-14 12 0-24 44-44 58-20 8 14-8 34-16 22-8-14 20-40 46-34", "var(--doodle-1)"],
  ["M150 74c14-8 24-36 40-40 14-4 10 26 22 28 14 2 20-30 34-30 10 0 10 16 24 14", "var(--doodle-2)"],
  ["M30 96c70-8 170-10 246-4", "var(--doodle-3)"],
];

/** A few strokes that draw themselves. */
function drawing() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 300 110");
  svg.setAttribute("class", "doodle");
  svg.setAttribute("aria-hidden", "true");
  STROKES.forEach(([d, color], i) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    path.setAttribute("pathLength", "1");
    path.setAttribute("class", `doodle-stroke doodle-stroke-${i + 1}`);
    path.style.stroke = color;
    svg.append(path);
  });
  return svg;
}
