// @ts-check
/** early.js, which is no module: run as a browser runs it, in a page of which only what it asks for is there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import { settle, StillClock } from "./stage.mjs";

const SCRIPT = new vm.Script(readFileSync(new URL("../../whiteboard/page/js/early.js", import.meta.url), "utf8"));
const ASSETS = "http://board.example/wb/static/1/";

class Storage {
  /** @type {Record<string, string>} */
  items = {};
  getItem = (/** @type {string} */ key) => this.items[key] ?? null;
  setItem = (/** @type {string} */ key, /** @type {string} */ value) => void (this.items[key] = value);
  removeItem = (/** @type {string} */ key) => void delete this.items[key];
}

class Node extends EventTarget {
  dataset = {};
  /** @type {Node[]} */
  children = [];
  hidden = false;
  textContent = "";
  appendChild = (/** @type {Node} */ node) => {
    this.children.push(node);
    node.remove = () => void (this.children = this.children.filter((each) => each !== node));
    return node;
  };
  setAttribute() {}
  remove = () => {};
}

class ScriptNode extends Node {
  /** @param {string} src */
  constructor(src) {
    super();
    this.src = src;
  }
}

class LinkNode extends Node {
  /** @param {string} href @param {string} rel */
  constructor(href, rel) {
    super();
    Object.assign(this, { href, rel });
  }
}

/** One tab, which may be loaded again. */
class Tab {
  clock = new StillClock();
  localStorage = new Storage();
  /** @type {Storage|null} */
  sessionStorage = new Storage();
  isOnline = true;
  address = "http://board.example/wb/b/x";
  lang = "en";
  attributes = ["data-swallows"];
  /** What the address answers: a status, or null for nothing at all. @type {number|null|"silence"} */
  answer = 200;
  /** When it was asked, in seconds since the page was loaded. @type {number[]} */
  asked = [];
  loads = 0;

  constructor() {
    this.clock.random = () => 1;
    this.load();
  }

  load() {
    this.loads += 1;
    this.loadedAt = this.clock.now();
    this.asked = [];
    this.written = "";
    const tab = this, window = new EventTarget();
    /** @type {Record<string, (event: {target: unknown}) => void>} */
    const heard = {};
    const app = new Node(), body = new Node();
    const script = Object.assign(new ScriptNode(`${ASSETS}js/early.js`), { hasAttribute: (/** @type {string} */ name) => this.attributes.includes(name) });
    const document = {
      readyState: "loading", currentScript: script, body, documentElement: { dataset: /** @type {Record<string, string>} */ ({}), lang: this.lang }, app,
      addEventListener: (/** @type {string} */ name, /** @type {any} */ listener) => void (heard[name] = listener),
      createElement: () => new Node(), getElementById: () => app, write: (/** @type {string} */ text) => void (this.written += text),
    };
    Object.assign(this, { window, heard, document });
    const context = Object.assign(window, {
      document, window, navigator: { get onLine() { return tab.isOnline; } }, localStorage: this.localStorage,
      location: { href: this.address, search: new URL(this.address).search, reload: () => this.load() },
      HTMLScriptElement: ScriptNode, HTMLLinkElement: LinkNode, URLSearchParams, AbortController,
      fetch: (/** @type {string} */ _url, /** @type {RequestInit} */ { signal }) => this.respond(/** @type {AbortSignal} */ (signal)),
      setTimeout: this.clock.setTimeout, clearTimeout: this.clock.clearTimeout,
      Date: { now: () => this.clock.now() }, Math: Object.assign(Object.create(Math), { random: () => this.clock.random() }),
      console: { info() {} },
    });
    for (const name of ["addEventListener", "removeEventListener"]) /** @type {any} */ (context)[name] = /** @type {any} */ (window)[name].bind(window);
    Object.defineProperty(context, "sessionStorage", { get: () => {
      if (!this.sessionStorage) throw new Error("blocked");
      return this.sessionStorage;
    } });
    SCRIPT.runInContext(vm.createContext(context));
    /** @type {{styled: Promise<void>, failed(what: unknown): void, done(): void}} */
    this.startup = /** @type {any} */ (window).startup;
  }

  /** @param {AbortSignal} signal */
  respond(signal) {
    this.asked.push((this.clock.now() - /** @type {number} */ (this.loadedAt)) / 1_000);
    if (this.answer === "silence") return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    return this.answer === null ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve({ status: this.answer });
  }

  /** An element of the page does not arrive. @param {Node} node */
  lose(node) {
    /** @type {any} */ (this).heard.error({ target: node });
  }

  /** @param {string} name */
  tell(name) {
    this.isOnline = name === "online";
    /** @type {any} */ (this).window.dispatchEvent(new Event(name));
  }

  get notice() {
    const [notice] = /** @type {any} */ (this).document.body.children;
    return notice;
  }
}

const main = () => new ScriptNode(`${ASSETS}js/main.js`);
const style = () => new LinkNode(`${ASSETS}css/page.css`, "stylesheet");

test("a part that does not arrive has the page loaded again, and says so meanwhile", async () => {
  for (const part of [main(), style()]) {
    const tab = new Tab();
    tab.lose(part);
    assert.equal(tab.notice.children[0].textContent, "Part of the page is missing");
    assert.ok(/** @type {any} */ (tab).document.app.hidden);
    await tab.clock.advance(999);
    assert.equal(tab.loads, 1);
    await tab.clock.advance(1);
    assert.equal(tab.loads, 2);
    assert.equal(tab.notice, undefined);
  }
});

test("what nobody needs, and what others have put into the page, may fail", async () => {
  const tab = new Tab();
  tab.lose(new LinkNode(`${ASSETS}js/desk.js`, "modulepreload"));
  tab.lose(new LinkNode(`${ASSETS}favicon.svg`, "icon"));
  tab.lose(new ScriptNode("chrome-extension://abc/content.js"));
  tab.lose(new LinkNode("https://elsewhere.example/dark.css", "stylesheet"));
  tab.lose(new Node());
  await tab.clock.advance(120_000);
  assert.equal(tab.loads, 1);
  assert.equal(tab.asked.length, 0);
});

test("pauses double from a second to half a minute, over loads that fail again too", async () => {
  const tab = new Tab(), pauses = [];
  for (let load = 1; load <= 8; load += 1) {
    tab.lose(main());
    const before = tab.clock.now();
    while (tab.loads === load) await tab.clock.advance(500);
    pauses.push((tab.clock.now() - before) / 1_000);
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
});

test("no two pages come back in the same moment", async () => {
  const tab = new Tab();
  tab.clock.random = () => 0;
  tab.lose(main());
  await tab.clock.advance(500);
  assert.equal(tab.loads, 2);
});

test("an address that does not answer is asked again, ever more seldom, before the page is left", async () => {
  for (const answer of [null, 502, 503, 429]) {
    const tab = new Tab();
    tab.answer = answer;
    tab.lose(main());
    await tab.clock.advance(62_000);
    assert.deepEqual(tab.asked, [1, 3, 7, 15, 31, 61], String(answer));
    assert.equal(tab.loads, 1);
    tab.answer = 200;
    await tab.clock.advance(30_000);
    assert.equal(tab.loads, 2);
  }
});

test("what is no page but an answer is shown: a login, a refusal", async () => {
  for (const answer of [0, 401, 403, 404]) {
    const tab = new Tab();
    tab.answer = answer;
    tab.lose(main());
    await tab.clock.advance(1_000);
    assert.equal(tab.loads, 2, String(answer));
  }
});

test("an answer that does not come within ten seconds is none", async () => {
  const tab = new Tab();
  tab.answer = "silence";
  tab.lose(main());
  await tab.clock.advance(13_000);
  assert.deepEqual(tab.asked, [1, 13]);
});

test("offline it waits for the network, and asks all the same once a minute", async () => {
  const tab = new Tab();
  tab.isOnline = false;
  tab.answer = null;
  tab.lose(main());
  assert.equal(tab.notice.dataset.state, "offline");
  await tab.clock.advance(59_000);
  assert.deepEqual(tab.asked, []);
  await tab.clock.advance(1_000);
  assert.deepEqual(tab.asked, [60]);
  tab.answer = 200;
  tab.tell("online");
  await settle();
  assert.equal(tab.loads, 2);
});

test("it says so when the network goes while it waits", () => {
  const tab = new Tab();
  tab.lose(main());
  tab.tell("offline");
  assert.match(tab.notice.children[1].textContent, /no network/);
});

test("its button asks at once", async () => {
  const tab = new Tab();
  tab.lose(main());
  tab.notice.children[2].dispatchEvent(new Event("click"));
  await settle();
  assert.equal(tab.loads, 2);
  await tab.clock.advance(60_000);
  assert.equal(tab.loads, 2);
});

test("a page that is there is left alone, whatever fails then", async () => {
  const tab = new Tab();
  tab.startup.done();
  tab.lose(main());
  tab.startup.failed("late");
  await tab.clock.advance(120_000);
  assert.deepEqual([tab.loads, tab.asked.length, tab.notice], [1, 0, undefined]);
});

test("a page that comes to be there while it is asked about is left alone", async () => {
  const tab = new Tab();
  tab.answer = "silence";
  tab.lose(main());
  await tab.clock.advance(1_000);
  assert.equal(tab.asked.length, 1);
  tab.startup.done();
  await tab.clock.advance(60_000);
  assert.deepEqual([tab.loads, tab.asked.length, tab.notice], [1, 1, undefined]);
  assert.ok(!(/** @type {any} */ (tab).document.app.hidden));
});

test("after a page that was there, and after some minutes, a failure is the first", async () => {
  const tab = new Tab();
  const failTwice = async () => {
    for (const ms of [1_000, 2_000]) {
      tab.lose(main());
      await tab.clock.advance(ms);
    }
  };
  await failTwice();
  tab.startup.done();
  tab.load();
  await failTwice();
  await tab.clock.advance(180_000);
  await failTwice();
  assert.equal(tab.loads, 1 + 2 + 1 + 2 + 2);
});

test("where nothing can be remembered, the first pause is a long one", async () => {
  const tab = new Tab();
  tab.sessionStorage = null;
  tab.load();
  tab.lose(main());
  await tab.clock.advance(15_000);
  assert.equal(tab.loads, 2);
  await tab.clock.advance(1_000);
  assert.equal(tab.loads, 3);
});

test("it speaks the language that the page would have", () => {
  for (const [address, stored, lang, title] of /** @type {const} */ ([
    ["http://board.example/", null, "zh", "页面没有加载完整"],
    ["http://board.example/", '"en"', "zh", "Part of the page is missing"],
    ["http://board.example/?lang=zh-TW", '"en"', "en", "页面没有加载完整"],
    ["http://board.example/?lang=fr", null, "xx", "Part of the page is missing"],
  ])) {
    const tab = new Tab();
    Object.assign(tab, { address, lang });
    if (stored) tab.localStorage.setItem("whiteboard.language", stored);
    tab.load();
    tab.lose(main());
    assert.equal(tab.notice.children[0].textContent, title);
  }
});

test("it knows when the look has come", async () => {
  const tab = new Tab();
  let isStyled = false;
  void tab.startup.styled.then(() => (isStyled = true));
  for (const [node, is] of /** @type {const} */ ([[main(), false], [new LinkNode(`${ASSETS}js/desk.js`, "modulepreload"), false], [style(), true]])) {
    /** @type {any} */ (tab).heard.load({ target: node });
    await settle();
    assert.equal(isStyled, is);
  }
});

test("it swallows what follows only where the page says so, and takes up a chosen appearance", () => {
  const tab = new Tab();
  assert.equal(tab.written, "<noscript>");
  tab.attributes = [];
  tab.localStorage.setItem("whiteboard.theme", "dark");
  tab.load();
  assert.equal(tab.written, "");
  assert.equal(/** @type {any} */ (tab).document.documentElement.dataset.theme, "dark");
});
