// @ts-check
/**
 * Getting profiles: from the server, of the kinds that it offers, or out of files.
 *
 * @typedef {{name: string, meaning: string, setting: string, off: {code: string, reason: string}|null}} Source as the index of /debug/pprof/ tells of it
 * @typedef {(bytes: Uint8Array<ArrayBuffer>, name: string) => Promise<void>} Keep rejects with BadProfile
 */
import { h } from "../chrome/dom.js";
import { t } from "../i18n/i18n.js";
import { askBytes, askJson, NotOperator } from "./asking.js";
import { choice, workerChoice } from "./nodes.js";
import { BadProfile } from "./pprof.js";
import { makeSampling } from "./sampling.js";

/** Those that are known here, the likeliest first, with how many seconds are proposed; 0 is the present, or all since the start. @type {Record<string, number>} */
const KINDS = { profile: 10, heap: 0, allocs: 0, tasks: 0, block: 10, mutex: 10, sched: 10, threads: 0 };
const ORDER = Object.keys(KINDS);
/** A second name of one that is there. */
const ALIAS = "goroutine";
const MAX_SECONDS = 600;

/** @param {Keep} keep @param {() => void} denied the server takes us for nobody special */
export function makeTaking(keep, denied) {
  const said = makeSaid(), hint = h("p", { class: "quiet-note hint-of-kind", testid: "profile-hint" });
  const index = h("a", { class: "debug-link", text: "debug.profile.index" });
  const seconds = h("input", { class: "field seconds", label: "debug.profile.seconds", testid: "profile-seconds", attrs: { type: "number", min: 0, max: MAX_SECONDS, step: 1, value: KINDS.profile } });
  const kinds = choice("debug.profile.kind", "profile-kind", (kind) => {
    seconds.value = String(KINDS[kind] ?? 0);
    showHint();
  });
  kinds.offer(ORDER.map(optionOf), ORDER[0]);
  const workers = workerChoice("profile-worker", () => learn());
  const sampling = makeSampling(() => learn(), denied);
  const take = h("button", { class: "button primary", text: "debug.profile.take", testid: "profile-take", attrs: { type: "button" }, on: { click: () => takeOne() } });
  const files = makeFiles(keep, said.complain);
  const tools = h("div", { class: "bar-of-tools" }, workers.node, kinds.node, seconds, take, ...files.nodes, index);
  /** @type {Source[]} */
  let sources = [];

  /** Where profiles are: of the one process, or of the worker that is chosen. */
  const base = () => (workers.worker ? `debug/workers/${workers.worker}/pprof/` : "debug/pprof/");

  /** What there is, and what keeps it from being taken now. */
  async function learn() {
    index.href = new URL(base(), document.baseURI).href;
    try {
      sources = inOrder((await askJson(base())).profiles);
    } catch (error) {
      if (error instanceof NotOperator) denied();
      return; // taking one says what is the matter
    }
    kinds.offer(sources.map(({ name }) => optionOf(name)), kinds.node.value);
    showHint();
  }

  function showHint() {
    const source = sources.find(({ name }) => name === kinds.node.value);
    hint.textContent = source?.off ? source.off.reason : [source?.meaning, source?.setting].filter(Boolean).join(" · ");
  }

  async function takeOne() {
    const kind = kinds.node.value, wait = Math.max(0, Math.min(MAX_SECONDS, Number(seconds.value) || 0));
    const worker = workers.worker ? t("debug.tasks.worker", { n: workers.worker }) : "", time = new Date().toLocaleTimeString([], { hour12: false });
    take.disabled = true;
    const counting = said.countDown(wait);
    try {
      const bytes = await askBytes(`${base()}${kind}${wait ? `?seconds=${wait}` : ""}`, wait);
      await keep(bytes, [`${kind}${wait ? ` ${wait} s` : ""}`, worker, time].filter(Boolean).join(" · "));
      said.say("");
    } catch (error) {
      if (error instanceof NotOperator) denied();
      else said.complain(error);
    } finally {
      clearInterval(counting);
      take.disabled = false;
    }
  }

  return {
    node: h("div", { class: "taking" }, tools, hint, sampling.node, said.node),
    openFiles: files.open,
    offerWorkers: workers.offer,
    /** Somebody looks at it now. */
    refresh: () => Promise.all([learn(), sampling.refresh()]),
  };
}

/** The line that says how it goes. */
function makeSaid() {
  const node = h("p", { class: "profile-said", testid: "profile-said", attrs: { role: "status" } });
  /** @param {string} text @param {boolean} [isBad] */
  const say = (text, isBad = false) => {
    node.textContent = text;
    node.classList.toggle("is-bad", isBad);
  };
  return {
    node,
    say,
    /** @param {unknown} error @param {string} [name] of a file */
    complain(error, name = "") {
      const reason = error instanceof Error ? error.message : String(error);
      say(`${name ? `${name}: ` : ""}${error instanceof BadProfile ? t("debug.profile.bad", { reason }) : reason}`, true);
    },
    /** Says how many seconds are left until its interval is cleared. @param {number} wait seconds */
    countDown(wait) {
      const end = Date.now() + 1000 * wait;
      const tell = () => {
        const left = Math.ceil((end - Date.now()) / 1000);
        say(left > 0 ? t("debug.profile.taking", { seconds: left }) : t("debug.profile.coming"));
      };
      tell();
      return setInterval(tell, 500);
    },
  };
}

/** Choosing files. @param {Keep} keep @param {(error: unknown, name: string) => void} complain */
function makeFiles(keep, complain) {
  const file = h("input", { class: "off-screen", label: "debug.profile.open", testid: "profile-file", attrs: { type: "file", multiple: true, tabindex: -1 } });
  const button = h("button", { class: "button", text: "debug.profile.open", attrs: { type: "button" }, on: { click: () => file.click() } });

  /** @param {FileList|null|undefined} files */
  async function open(files) {
    for (const one of files ?? []) {
      try {
        await keep(new Uint8Array(await one.arrayBuffer()), one.name.replace(/\.pb\.gz$|\.pprof$|\.gz$/, ""));
      } catch (error) {
        complain(error, one.name);
      }
    }
    file.value = "";
  }

  file.addEventListener("change", () => open(file.files));
  return { nodes: [button, file], open };
}

/** @param {string} kind */
function optionOf(kind) {
  return { value: kind, text: kind in KINDS ? t(`debug.kind.${kind}`) : kind };
}

/** @param {Source[]} sources */
function inOrder(sources) {
  const place = (/** @type {Source} */ { name }) => (name in KINDS ? ORDER.indexOf(name) : ORDER.length);
  return sources.filter(({ name }) => name !== ALIAS).sort((one, other) => place(one) - place(other));
}
