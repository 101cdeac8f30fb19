// @ts-check
/**
 * How the server is doing: tiles with their latest minutes, what it found wrong with itself, boards and sessions.
 *
 * @typedef {{kind: string, meaning: string, label?: string, values?: Record<string, number>, bounds?: number[], counts?: number[], sum?: number, largest?: number}} Figure
 * @typedef {{kind: string, subject: string, facts: Record<string, unknown>, stack: string[], first_at: number, latest_at: number, count: number, worker: number}} Finding
 * @typedef {{rss: number|null, peak: number|null, limit: number|null}} Memory
 * @typedef {{worker: number, pid?: number, uptime?: number, memory?: Memory, counts?: Record<string, number>, away?: boolean}} Process
 * @typedef {{board: string, sessions: number, queue_bytes: number, ops_waiting: number, seq: number, worker: number}} BoardRow
 * @typedef {{versions: Record<string, string>, settings: Record<string, unknown>, processes: Process[], memory: Memory, counts: Record<string, number|null>,
 *   boards: BoardRow[], figures: Record<string, Figure>, findings: Finding[], sampling?: Record<string, unknown>}} Status
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { quantile } from "./histograms.js";
import { section, sparkline, table } from "./nodes.js";
import { ageText, bytesText, digits, secondsText, shareText } from "./units.js";

/** Two minutes of them; a line of a few is not drawn over the whole width. */
const MAX_KEPT = 60, LEAST_SHOWN = 20;
const PAUSE = "whiteboard_gc_pause_seconds", DELAY = "whiteboard_sched_delay_seconds", OPS = "whiteboard_ops_total";

/** What a tile shows. @typedef {{name: string, value: number|null, text: string, note?: string, share?: number}} Tile */

/** @param {Status} status @param {number|null} rate ops a second @returns {Tile[]} those that are known */
function tilesOf({ counts, memory, figures }, rate) {
  const pauses = figures[PAUSE], delays = figures[DELAY], sum = (/** @type {string} */ name) => counts[name] ?? null;
  const limit = memory.limit === null || memory.rss === null ? {} : { share: memory.rss / memory.limit };
  /** @type {Tile[]} */
  const tiles = [
    { name: "debug.tile.sessions", value: sum("sessions"), text: digits(sum("sessions") ?? 0) },
    { name: "debug.tile.boards", value: sum("boards"), text: digits(sum("boards") ?? 0) },
    { name: "debug.tile.ops", value: rate, text: digits(rate ?? 0) },
    { name: "debug.tile.memory", value: memory.rss, text: bytesText(memory.rss ?? 0), note: memoryNote(memory), ...limit },
    { name: "debug.tile.queues", value: sum("queue_bytes"), text: bytesText(sum("queue_bytes") ?? 0) },
    { name: "debug.tile.waiting", value: sum("ops_waiting"), text: digits(sum("ops_waiting") ?? 0) },
  ];
  if (delays && countOf(delays)) tiles.push({ name: "debug.tile.delay", value: quantile(delays, 0.99), text: secondsText(quantile(delays, 0.99)) });
  if (pauses) {
    const p99 = quantile(pauses, 0.99);
    tiles.push({ name: "debug.tile.pauses", value: p99, text: secondsText(p99), note: t("debug.tile.pauses.note", { n: digits(countOf(pauses)), largest: secondsText(pauses.largest ?? 0) }) });
  }
  return tiles.filter(({ value }) => value !== null);
}

/** @param {Figure} figure */
const countOf = ({ counts = [] }) => counts.reduce((sum, count) => sum + count, 0);

/** @param {Memory} memory */
function memoryNote({ rss, peak, limit }) {
  if (limit !== null && rss !== null) return t("debug.tile.memory.limit", { share: shareText(rss, limit), limit: bytesText(limit) });
  return peak === null ? "" : t("debug.tile.memory.peak", { peak: bytesText(peak) });
}

export function makeOverview() {
  /** @type {Map<string, number[]>} */
  const past = new Map();
  const tiles = h("div", { class: "tiles", testid: "tiles" });
  const findings = h("div", { class: "findings", testid: "findings" });
  const boards = table(["debug.board", "#debug.sessions", "#debug.queue", "#debug.opsWaiting", "#debug.seq", "#debug.worker"], "boards", "debug.boards.none");
  const sessions = table(["debug.who", "debug.board", "debug.address", "debug.since", "debug.server"], "sessions", "debug.sessions.none");
  const processes = table(["#debug.worker", "#debug.pid", "#debug.uptime", "#debug.sessions", "#debug.boards", "#debug.memory"], "processes", "debug.sessions.none");
  const ofProcesses = section("debug.processes", "processes-section", processes.node);
  const node = h("div", { class: "debug-view" }, tiles,
    section("debug.findings", "findings-section", findings), ofProcesses,
    h("div", { class: "columns" }, section("debug.boards", "boards-section", boards.node), section("debug.sessions", "sessions-section", sessions.node)));

  /** @type {{count: number, at: number}|null} */
  let counted = null;

  /** Ops a second since the status before. @param {Status} status @returns {number|null} */
  function rateOf({ figures }) {
    const values = figures[OPS]?.values;
    if (!values) return null;
    const count = Object.values(values).reduce((sum, value) => sum + value, 0), at = performance.now() / 1000, before = counted;
    counted = { count, at };
    return before && at > before.at ? Math.max(0, (count - before.count) / (at - before.at)) : 0;
  }

  /** @param {Status} status */
  function show(status) {
    const shown = tilesOf(status, rateOf(status));
    for (const { name, value } of shown) past.set(name, [...(past.get(name) ?? []), value ?? 0].slice(-MAX_KEPT));
    tiles.replaceChildren(...shown.map((tile) => tileNode(tile, past.get(tile.name) ?? [])));
    showFindings(findings, status.findings, status.processes.length > 1);
    boards.node.classList.toggle("has-one-process", status.processes.length < 2);
    boards.fill(status.boards.map((board) => [boardLink(board.board), digits(board.sessions), bytesText(board.queue_bytes), digits(board.ops_waiting), digits(board.seq), String(board.worker)]));
    ofProcesses.hidden = status.processes.length < 2;
    processes.fill(status.processes.map(processRow));
  }

  /** @param {{sessions: Record<string, any>[], next: string|null}} told */
  function showSessions({ sessions: list }) {
    sessions.fill(list.map((one) => [String(one.name || one.client || one.session), boardLink(String(one.board)), String(one.address ?? ""), t("debug.ago", { age: ageText(Math.max(0, (Date.now() - Number(one.since)) / 1000)) }), String(one.instance ?? "")]));
  }

  return { node, show, showSessions };
}

/** @param {Process} process */
function processRow({ worker, pid, uptime, counts, memory, away }) {
  if (away) return [String(worker), t("debug.away"), "", "", "", ""];
  return [String(worker), String(pid), ageText(uptime ?? 0), digits(counts?.sessions ?? 0), digits(counts?.boards ?? 0), bytesText(memory?.rss ?? 0)];
}

/** @param {Tile} tile @param {number[]} past */
function tileNode({ name, text, note = "", share }, past) {
  const node = h("div", { class: "tile panel", testid: name.replace("debug.tile.", "tile-") },
    h("div", { class: "tile-name", text: name }), h("div", { class: "tile-value" }, text), h("div", { class: "tile-note" }, note), sparkline(past, Math.max(LEAST_SHOWN, past.length)));
  if (share !== undefined) node.dataset.level = share > 1 ? "over" : share > 0.9 ? "near" : "fine";
  return node;
}

/** @param {string} board */
function boardLink(board) {
  const link = h("a", { class: "debug-link" }, board);
  link.href = new URL(`b/${encodeURIComponent(board)}`, document.baseURI).href;
  return link;
}

/** @param {HTMLElement} frame @param {Finding[]} list @param {boolean} hasWorkers */
function showFindings(frame, list, hasWorkers) {
  const open = new Set([...frame.querySelectorAll("details[open]")].map((one) => /** @type {HTMLElement} */ (one).dataset.key));
  const nodes = list.map((finding) => {
    const node = findingNode(finding, hasWorkers);
    node.open = open.has(node.dataset.key);
    return node;
  });
  frame.replaceChildren(...(nodes.length ? nodes : [h("p", { class: "all-well", text: "debug.findings.none" })]));
}

/** @param {Finding} finding @param {boolean} hasWorkers */
function findingNode({ kind, subject, facts, stack, first_at, latest_at, count, worker }, hasWorkers) {
  const now = Date.now() / 1000, ago = (/** @type {number} */ at) => t("debug.ago", { age: ageText(Math.max(0, now - at)) });
  const when = count === 1 ? ago(latest_at) : t("debug.finding.times", { n: digits(count), latest: ago(latest_at), first: ago(first_at) });
  const summary = h("summary", {}, h("span", { class: "badge" }, kind.replaceAll("_", " ")), h("code", { class: "finding-subject" }, subject),
    h("span", { class: "finding-when" }, hasWorkers ? `${t("debug.worker")} ${worker} · ${when}` : when));
  const told = Object.entries(facts).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, typeof value === "number" ? digits(value) : typeof value === "string" ? value : JSON.stringify(value))]);
  const node = h("details", { class: "finding panel", testid: "finding" }, summary, h("dl", { class: "facts" }, ...told));
  node.dataset.key = `${worker} ${kind} ${subject}`;
  if (stack.length) node.append(h("pre", { class: "stack" }, stack.join("\n")));
  return node;
}
