// @ts-check
/** Pieces that several parts of the page are built of. */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";

/** @param {string} title key @param {string} testid @param {...(Node|string)} children */
export function section(title, testid, ...children) {
  return h("section", { class: "debug-section", testid }, h("h2", { text: title }), ...children);
}

/**
 * A table that is filled again and again. @param {string[]} heads keys; those that begin with # are of numbers
 * @param {string} testid @param {string} empty key of what is said when there are no rows
 */
export function table(heads, testid, empty) {
  const isNumber = heads.map((head) => head.startsWith("#"));
  const cells = heads.map((head, n) => h("th", { text: head.replace("#", ""), class: isNumber[n] ? "is-number" : "", attrs: { scope: "col" } }));
  const body = h("tbody"), none = h("p", { class: "quiet-note", text: empty });
  const whole = h("div", { class: "table-frame" }, h("table", { class: "debug-table", testid }, h("thead", {}, h("tr", {}, ...cells)), body));
  /** @param {(Node|string)[][]} rows */
  const fill = (rows) => {
    whole.hidden = rows.length === 0;
    none.hidden = rows.length > 0;
    body.replaceChildren(...rows.map((row) => h("tr", {}, ...row.map((cell, n) => h("td", { class: isNumber[n] ? "is-number" : "" }, cell)))));
  };
  fill([]);
  return { node: h("div", {}, whole, none), fill };
}

/** Shares of a row of bars, as an SVG line. @param {readonly number[]} values the latest last @param {number} most how many there is room for */
export function sparkline(values, most) {
  const SVG = "http://www.w3.org/2000/svg", width = 120, height = 28;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("aria-hidden", "true");
  const top = Math.max(...values, 0) || 1, span = top - Math.min(...values, top * 0.9); // what hardly changes is no mountain range
  const points = values.map((value, n) => {
    const x = width - ((values.length - 1 - n) * width) / (most - 1);
    return `${x.toFixed(1)},${(height - 2 - ((value - (top - span)) / span) * (height - 4)).toFixed(1)}`;
  });
  if (values.length > 1) {
    const area = document.createElementNS(SVG, "polygon"), line = document.createElementNS(SVG, "polyline");
    area.setAttribute("points", `${points[0].split(",")[0]},${height} ${points.join(" ")} ${width},${height}`);
    line.setAttribute("points", points.join(" "));
    svg.append(area, line);
  }
  return svg;
}

/** A switch that is on or off. @param {string} label key @param {string} testid @param {(isOn: boolean) => void} turn */
export function toggle(label, testid, turn) {
  const button = h("button", { class: "chip", text: label, testid, attrs: { type: "button", "aria-pressed": "false" } });
  button.addEventListener("click", () => {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isOn));
    turn(isOn);
  });
  return button;
}

/** A choice among values. @param {string} label key @param {string} testid @param {(value: string) => void} choose */
export function choice(label, testid, choose) {
  const select = h("select", { class: "field", label, testid });
  select.addEventListener("change", () => choose(select.value));
  /** @param {{value: string, text: string}[]} options @param {string} [chosen] */
  const offer = (options, chosen) => {
    const known = [...select.options].map(({ value, text }) => `${value}\n${text}`).join("\n\n");
    if (known !== options.map(({ value, text }) => `${value}\n${text}`).join("\n\n")) {
      select.replaceChildren(...options.map(({ value, text }) => h("option", { attrs: { value } }, text)));
    }
    if (chosen !== undefined) select.value = chosen;
  };
  return { node: select, offer };
}

/** A choice among a server's workers, there only where they are several. @param {string} testid @param {(worker: string) => void} choose by number; "" where there is one */
export function workerChoice(testid, choose) {
  const { node, offer } = choice("debug.worker", testid, choose);
  node.hidden = true;
  return {
    node,
    get worker() {
      return node.hidden ? "" : node.value;
    },
    /** @param {number} count */
    offer(count) {
      const wasHidden = node.hidden;
      node.hidden = count < 2;
      if (!node.hidden) offer(Array.from({ length: count }, (_, n) => ({ value: String(n), text: t("debug.tasks.worker", { n }) })), node.value || "0");
      if (wasHidden !== node.hidden) choose(node.hidden ? "" : node.value);
    },
  };
}

/** Saves bytes as a file of the person's. @param {Uint8Array<ArrayBuffer>} bytes @param {string} name */
export function save(bytes, name) {
  const link = h("a", { attrs: { download: name } });
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
