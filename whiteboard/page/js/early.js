// @ts-check
/*
 * Runs before the first paint and before anything else of the page: takes up the chosen appearance, so that a dark page never
 * flashes white, and watches over the page's own files until the page is there.
 *
 * A file does not arrive when the network changes, when a server restarts, or in the middle of an upgrade, and a page without one
 * of its modules is dead. It is loaded again then, which is the sure way in every browser: some never fetch a module again that
 * once failed. Before that its address is asked, with growing pauses, so that the browser's own page of errors, out of which not
 * every browser comes back, does not take its place. A page that is there (`done`) is not touched any more: for what it loads
 * later there is loading.js.
 *
 * Has its own words, as the dictionaries are among what may be missing, and no new syntax, so that old browsers read it too.
 */
(() => {
  /** @typedef {{tries: number, at: number}} Past how often in a row, and when last, by the clock */

  const FIRST_PAUSE_MS = 1000;
  const LONGEST_PAUSE_MS = 30000;
  /** "Offline" is what the browser believes: a server on this very machine is there all the same. */
  const OFFLINE_PAUSE_MS = 60000;
  /** An address that does not answer in this time is asked again later. */
  const ANSWER_MS = 10000;
  /** After this time without one, a failure is the first again. */
  const FORGET_MS = 180000;
  /** Without a memory of earlier tries: as if there had been so many. */
  const UNKNOWN_TRIES = 4;
  const TOO_MANY_REQUESTS = 429;
  const KEY = "whiteboard.startup";
  /** @type {Record<string, {title: string, again: string, offline: string, now: string}>} */
  const WORDS = {
    en: {
      title: "Part of the page is missing",
      again: "The connection broke off while the page was loading. It will try again by itself.",
      offline: "There is no network connection. The page comes by itself when there is one.",
      now: "Try now",
    },
    zh: {
      title: "页面没有加载完整",
      again: "加载页面时连接中断，正在自动重试。",
      offline: "没有网络连接。联网后页面会自动打开。",
      now: "立即重试",
    },
  };

  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  /** Where the page's files are. */
  const assets = script.src.replace(/js\/early\.js.*$/, "");
  let isDone = false, hasFailed = false, isAsking = false, tries = 0;
  /** @type {any} */
  let timer;
  /** @type {HTMLElement|null} */
  let notice = null;

  /** @param {string} name @returns {string|null} */
  function stored(name) {
    try {
      return localStorage.getItem(name);
    } catch (error) {
      return null; // no storage: the system's appearance and the browser's language hold
    }
  }

  function takeUpTheme() {
    const theme = stored("whiteboard.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  }

  /** As main.js chooses, so far as that can be known here. */
  function words() {
    const wishes = [new URLSearchParams(location.search).get("lang"), stored("whiteboard.language"), document.documentElement.lang];
    const wish = wishes.map((each) => (each || "").replace(/\W/g, " ").trim().slice(0, 2)).find((code) => code in WORDS);
    return WORDS[wish || "en"];
  }

  // --- how often already ------------------------------------------------------------------------

  function triesBefore() {
    try {
      const past = /** @type {Past} */ (JSON.parse(sessionStorage.getItem(KEY) || '{"tries":0,"at":0}'));
      return Math.abs(Date.now() - past.at) < FORGET_MS ? past.tries : 0;
    } catch (error) {
      return UNKNOWN_TRIES;
    }
  }

  /** @param {number} count */
  function keepTries(count) {
    try {
      if (count === 0) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, JSON.stringify({ tries: count, at: Date.now() }));
    } catch (error) {
      // see UNKNOWN_TRIES
    }
  }

  // --- trying again -----------------------------------------------------------------------------

  /** A part of the page did not arrive. @param {unknown} what */
  function failed(what) {
    if (isDone || hasFailed) return;
    hasFailed = true;
    tries = triesBefore();
    console.info(`the page is loaded again, as a part of it did not arrive: ${what}`);
    addEventListener("online", tryNow);
    addEventListener("offline", show);
    if (document.body) show();
    else document.addEventListener("DOMContentLoaded", show);
    wait();
  }

  /** No two pages in the same rhythm: a server that comes back has many of them. */
  function wait() {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * Math.pow(2, tries)) * (1 + Math.random()) / 2;
    tries += 1;
    timer = setTimeout(tryNow, navigator.onLine === false ? OFFLINE_PAUSE_MS : pause);
  }

  async function tryNow() {
    if (isDone || isAsking) return;
    clearTimeout(timer);
    isAsking = true;
    const isThere = await answers();
    isAsking = false;
    if (isDone) return;
    keepTries(tries);
    show();
    if (isThere) location.reload();
    else wait();
  }

  /** Whether loading the page again would bring something of a server's: the page, a login, or its own word on why not. */
  async function answers() {
    const stop = new AbortController(), limit = setTimeout(() => stop.abort(), ANSWER_MS);
    try {
      const { status } = await fetch(location.href, { cache: "no-store", redirect: "manual", signal: stop.signal });
      return status < 500 && status !== TOO_MANY_REQUESTS;
    } catch (error) {
      return false;
    } finally {
      clearTimeout(limit);
    }
  }

  /** Says so, in place of the page. */
  function show() {
    if (isDone) return;
    const { title, again, offline, now } = words(), isOffline = navigator.onLine === false;
    if (!notice) document.body.appendChild((notice = makeNotice(title, now)));
    notice.dataset.state = isOffline ? "offline" : "again";
    /** @type {HTMLElement} */ (notice.children[1]).textContent = isOffline ? offline : again;
    hideApp(true);
  }

  /** @param {string} title @param {string} now */
  function makeNotice(title, now) {
    const section = document.createElement("section"), button = document.createElement("button");
    section.className = "landing startup";
    section.dataset.testid = "startup";
    section.setAttribute("role", "status");
    section.appendChild(document.createElement("h1")).textContent = title;
    section.appendChild(document.createElement("p")).className = "tagline";
    button.type = "button";
    button.className = "button";
    button.textContent = now;
    button.addEventListener("click", tryNow);
    section.appendChild(button);
    return section;
  }

  /** @param {boolean} isHidden */
  function hideApp(isHidden) {
    const app = document.getElementById("app");
    if (app) app.hidden = isHidden;
  }

  /** The page is there, or has said why not. */
  function done() {
    isDone = true;
    clearTimeout(timer);
    keepTries(0);
    if (notice) notice.remove();
    hideApp(false);
  }

  // --- watching ---------------------------------------------------------------------------------

  /** Whether an element is one of the page that it cannot do without. A preload is asked for again by whoever needs it. @param {EventTarget|null} element */
  function isNeeded(element) {
    if (element instanceof HTMLScriptElement) return element.src.startsWith(assets);
    return element instanceof HTMLLinkElement && element.rel === "stylesheet" && element.href.startsWith(assets);
  }

  const styled = new Promise((resolve) => {
    document.addEventListener("load", ({ target }) => {
      if (target instanceof HTMLLinkElement && isNeeded(target)) resolve(undefined);
    }, true);
  });
  document.addEventListener("error", ({ target }) => {
    if (isNeeded(target)) failed(/** @type {any} */ (target).src || /** @type {any} */ (target).href);
  }, true);

  // Swallows what index.html has for the case that this file does not arrive.
  if (script.hasAttribute("data-swallows") && document.readyState === "loading") document.write("<noscript>");
  takeUpTheme();
  Object.assign(window, { startup: { styled, failed, done } });
})();
