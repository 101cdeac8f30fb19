// @ts-check
/**
 * The live task tree. What was opened stays open when it is told anew; of many children with names that differ in numbers only,
 * the first few are shown until one asks for the rest.
 *
 * @typedef {{name: string, age: number|null, at: {function: string, file: string, line: number}|null, waits: string|null,
 *   nurseries: {cancelled: boolean, deadline: number|null, tasks: Task[], omitted: number}[]}} Task
 * @typedef {{counts: Record<string, number>, tasks: {living: number, shown: number, cut: boolean}, tree: Task|null}} Report
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { workerChoice } from "./nodes.js";
import { ageText, digits } from "./units.js";

const OPEN_LEVELS = 3;
const SHOWN_AT_FIRST = 25;

/** @param {(worker: string) => void} ask for a worker's tree; "" for the one there is */
export function makeTasks(ask) {
  const filter = h("input", { class: "field", placeholder: "debug.filter", label: "debug.filter", testid: "tasks-filter", attrs: { type: "search", spellcheck: "false" } });
  const again = h("button", { class: "button", text: "debug.refresh", testid: "tasks-refresh", attrs: { type: "button" } });
  const said = h("p", { class: "quiet-note", testid: "tasks-said" }), tree = h("ul", { class: "task-tree", testid: "task-tree" });
  const workers = workerChoice("tasks-worker", ask);
  const node = h("div", { class: "debug-view" }, h("div", { class: "bar-of-tools" }, filter, workers.node, again), said, tree);
  /** What was opened or closed by hand, by the names down to it. @type {Map<string, boolean>} */
  const turned = new Map();
  /** Whose children are all shown. @type {Set<string>} */
  const whole = new Set();
  /** @type {Report|null} */
  let latest = null;

  const draw = () => {
    if (!latest?.tree) return;
    const wanted = filter.value.trim().toLowerCase();
    tree.replaceChildren(...branch(latest.tree, "", 0, { wanted, turned, whole, draw }));
  };
  filter.addEventListener("input", draw);
  again.addEventListener("click", () => ask(workers.worker));

  return {
    node,
    /** @param {Report} report */
    show(report) {
      latest = report;
      const { living, shown, cut } = report.tasks ?? { living: 0, shown: 0, cut: false };
      said.textContent = t(cut ? "debug.tasks.cut" : "debug.tasks.all", { living: digits(living), shown: digits(shown) });
      draw();
    },
    /** @param {string} reason */
    showTrouble(reason) {
      said.textContent = reason;
    },
    offerWorkers: workers.offer,
    refresh: () => ask(workers.worker),
  };
}

/** @typedef {{wanted: string, turned: Map<string, boolean>, whole: Set<string>, draw: () => void}} Drawing */

/** @param {Task} task */
const told = (task) => `${task.name} ${task.at?.function ?? ""} ${task.at?.file ?? ""} ${task.waits ?? ""}`.toLowerCase();

/** Whether it or one below it is wanted. @param {Task} task @param {string} wanted @returns {boolean} */
function hasWanted(task, wanted) {
  return told(task).includes(wanted) || task.nurseries.some(({ tasks }) => tasks.some((child) => hasWanted(child, wanted)));
}

/** @param {Task} task @param {string} above @param {number} level @param {Drawing} drawing @returns {HTMLElement[]} none for what is not wanted */
function branch(task, above, level, drawing) {
  const { wanted, turned } = drawing;
  if (wanted && !hasWanted(task, wanted)) return [];
  const key = `${above}\n${task.name}`;
  const label = taskLabel(task);
  label.classList.toggle("is-found", wanted !== "" && told(task).includes(wanted));
  if (task.nurseries.every(({ tasks, omitted }) => tasks.length + omitted === 0)) return [h("li", { class: "task-leaf" }, label)];
  const children = h("ul", {}), details = h("details", {}, h("summary", {}, label), children);
  const fill = () => children.replaceChildren(...task.nurseries.flatMap((nursery, n) => nurseryNodes(nursery, `${key}\n${n}`, level, drawing)));
  details.open = wanted !== "" || (turned.get(key) ?? level < OPEN_LEVELS);
  if (details.open) fill();
  details.addEventListener("toggle", () => {
    if (details.open && !children.firstChild) fill();
    if (!wanted) turned.set(key, details.open);
  });
  return [h("li", {}, details)];
}

/** @param {Task["nurseries"][number]} nursery @param {string} key @param {number} level @param {Drawing} drawing @returns {HTMLElement[]} */
function nurseryNodes({ cancelled, deadline, tasks, omitted }, key, level, drawing) {
  const marks = [cancelled ? t("debug.tasks.cancelled") : "", deadline === null ? "" : t("debug.tasks.deadline", { seconds: digits(deadline) })].filter(Boolean);
  /** @type {HTMLElement[]} */
  const nodes = marks.length ? [h("li", { class: "nursery" }, [t("debug.tasks.nursery"), ...marks].join(" · "))] : [];
  const isWhole = drawing.whole.has(key) || drawing.wanted !== "";
  for (const child of isWhole ? tasks : tasks.slice(0, SHOWN_AT_FIRST)) nodes.push(...branch(child, key, level + 1, drawing));
  if (!isWhole && tasks.length > SHOWN_AT_FIRST) {
    const more = h("button", { class: "chip", attrs: { type: "button" } }, t("debug.tasks.more", { n: tasks.length - SHOWN_AT_FIRST }));
    more.addEventListener("click", () => {
      drawing.whole.add(key);
      drawing.draw();
    });
    nodes.push(h("li", { class: "task-leaf" }, more));
  }
  if (omitted) nodes.push(h("li", { class: "task-leaf quiet-note" }, t("debug.tasks.omitted", { n: omitted })));
  return nodes;
}

/** @param {Task} task */
function taskLabel({ name, age, at, waits }) {
  const place = at ? `${at.function} · ${at.file}:${at.line}` : "";
  return h("span", { class: "task" }, h("span", { class: "task-name" }, name), h("span", { class: "task-age" }, age === null ? "" : ageText(age)),
    h("span", { class: "task-place" }, place), h("span", { class: "task-waits" }, waits ? `→ ${waits}` : ""));
}
