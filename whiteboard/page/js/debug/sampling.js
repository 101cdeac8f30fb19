// @ts-check
/**
 * What the server samples of itself, and having it sample more for a minute.
 *
 * @typedef {{memory_rate: number, memory_frames: number, block_rate: number, sched_interval: number}} Rates
 * @typedef {{env: string, configured: Rates, in_force: Rates, until: number|null}} Sampling `until`: seconds since 1970, while more is sampled than is set
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { askJson, NotOperator, postJson } from "./asking.js";
import { digits } from "./units.js";

const ASKED_SECONDS = 60;
/** Every allocation, every wait from a tenth of a millisecond, the scheduler once a minute: dear, and therefore for a while only. */
const ALL = { memory_rate: 1, block_rate: 100, sched_interval: 60 };

/** @param {() => void} changed what can be taken has @param {() => void} denied */
export function makeSampling(changed, denied) {
  const said = h("span", { testid: "sampling" });
  const more = h("button", { class: "chip", testid: "sampling-on", attrs: { type: "button" } });
  const less = h("button", { class: "chip", text: "debug.sampling.off", testid: "sampling-off", attrs: { type: "button" } });
  const node = h("div", { class: "sampling" }, said, more, less);
  node.hidden = true;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  more.addEventListener("click", () => ask({ ...ALL, seconds: ASKED_SECONDS }));
  less.addEventListener("click", () => ask({ seconds: 0 }));

  /** @param {Record<string, number>} wish */
  async function ask(wish) {
    try {
      show(await postJson("debug/sampling", wish));
      changed();
    } catch (error) {
      if (error instanceof NotOperator) denied();
      else said.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  async function refresh() {
    try {
      show(await askJson("debug/sampling"));
    } catch {
      node.hidden = true; // a server that cannot; the others are told of by the status
    }
  }

  /** @param {Sampling} sampling */
  function show({ env, in_force: rates, until }) {
    clearTimeout(timer);
    node.hidden = false;
    const left = until === null ? 0 : Math.max(0, Math.ceil(until - Date.now() / 1000)), what = told(rates);
    const lasting = left > 0 ? t("debug.sampling.until", { what, seconds: left }) : what;
    said.textContent = what ? t("debug.sampling.some", { env, what: lasting }) : t("debug.sampling.none", { env });
    more.textContent = t("debug.sampling.on", { seconds: ASKED_SECONDS });
    more.hidden = left > 0;
    less.hidden = left === 0;
    if (left > 0) timer = setTimeout(async () => {
      await refresh();
      if (left === 1) changed();
    }, 1000);
  }

  return { node, refresh };
}

/** @param {Rates} rates */
function told({ memory_rate, memory_frames, block_rate, sched_interval }) {
  return [
    memory_rate ? t("debug.sampling.memory", { frames: memory_frames }) : "",
    block_rate ? t("debug.sampling.block", { us: digits(block_rate) }) : "",
    sched_interval ? t("debug.sampling.sched") : "",
  ].filter(Boolean).join(", ");
}
