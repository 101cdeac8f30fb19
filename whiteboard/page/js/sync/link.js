/**
 * One WebSocket to a board, kept up: connects, says hello, notices silence, and comes back.
 *
 * Owns sockets, back-off, heartbeats and what the page's visibility and network state mean for them.
 * Must not know ops, boards or journals: it passes messages. A link is `up` from `welcome` until the
 * socket is gone; it is `closed` when the server has said not to come back (44xx).
 */

/** @typedef {{type: string, [field: string]: any}} Message */
/** @typedef {"stopped"|"waiting"|"connecting"|"up"|"closed"} LinkState */
/** @typedef {{code: number, reason: string}} Ending */

/**
 * @typedef {object} Handlers
 * @property {() => Message} hello what to say first
 * @property {(message: Message) => void} message every message from `welcome` on; pongs are left out
 * @property {() => void} state the link's `state`, `ending` or `retryAt` has changed
 */

/**
 * Time and chance, so that tests can give their own. Milliseconds.
 * @typedef {object} Clock
 * @property {() => number} now since 1970, as the person's clock has it: it may be set back
 * @property {() => number} monotonic since some moment: never goes back
 * @property {(run: () => void, ms: number) => unknown} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random 0 <= value < 1
 */

/**
 * What the link needs to know of the page it lives in.
 * @typedef {object} PageState
 * @property {() => boolean} isOnline
 * @property {() => boolean} isHidden
 * @property {(changed: () => void) => (() => void)} watch calls back on each change; returns how to stop
 */

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;
/** A hidden tab need not be in step at once, and a thousand of them must not wake a server. */
const LONGEST_HIDDEN_DELAY_MS = 60_000;
/** "Offline" is what the browser believes: a server on this very machine, or on a network it does not count, is there all the same. */
const OFFLINE_DELAY_MS = 60_000;
/** After 4429 the server's window must pass first. */
const RATE_DELAY_MS = 5_000;
/** DNS, TCP, TLS, upgrade and welcome on a bad link. */
const WELCOME_MS = 10_000;
/** A link that lived this long was a good one: the next delay is short again. */
const STEADY_MS = 5_000;
/** Pages cannot see the server's WebSocket pings, so silence is probed. */
const PROBE_MS = 10_000;
/** Presence is left out while this much waits in the socket. */
const CONGESTED_BYTES = 64 * 1024;

const RETRIED_44XX = new Set([4408, 4429]);
const RATE = 4429;
/** Shown as the code when the page itself finds the versions apart. */
const VERSION = 4409;
const PROTOCOL = 1;

/** @type {Clock} */
export const BROWSER_CLOCK = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  random: () => Math.random(),
};

/** @returns {PageState} */
export function browserPage() {
  return {
    isOnline: () => navigator.onLine !== false,
    isHidden: () => document.visibilityState === "hidden",
    watch(changed) {
      const stop = new AbortController();
      for (const name of ["online", "offline", "pageshow"]) addEventListener(name, changed, { signal: stop.signal });
      document.addEventListener("visibilitychange", changed, { signal: stop.signal });
      return () => stop.abort();
    },
  };
}

/** A connection that comes back by itself. */
export class Link {
  /** @type {LinkState} */
  state = "stopped";
  /** Why the last socket ended. @type {Ending|null} */
  ending = null;
  /** When the next attempt is due, in milliseconds of the clock's `now`. @type {number|null} */
  retryAt = null;

  #url;
  #open;
  #clock;
  #page;
  #handlers;
  /** @type {WebSocket|null} */
  #socket = null;
  #attempts = 0;
  #upSince = 0;
  /** Delay range in seconds from the server's `drain`. @type {[number, number]|null} */
  #drain = null;
  #isProbing = false;
  #heardAt = 0;
  /** @type {Map<string, unknown>} */
  #timers = new Map();
  /** @type {(() => void)|null} */
  #unwatch = null;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {(url: string) => WebSocket} options.socket
   * @param {Clock} options.clock
   * @param {PageState} options.page
   * @param {Handlers} options.handlers
   */
  constructor({ url, socket, clock, page, handlers }) {
    this.#url = url;
    this.#open = socket;
    this.#clock = clock;
    this.#page = page;
    this.#handlers = handlers;
  }

  /** Connect and stay connected; also after `closed`. */
  start() {
    this.#unwatch ??= this.#page.watch(() => this.#pageChanged());
    this.#attempts = 0;
    if (this.state !== "connecting" && this.state !== "up") this.#connect();
  }

  /** Leave for good. */
  stop() {
    this.#unwatch?.();
    this.#unwatch = null;
    this.#drop(1000, "");
    this.#become("stopped");
  }

  /** Drop the socket and come back, for a reason that a new session mends. @param {string} reason */
  restart(reason) {
    this.#lost(1006, reason);
  }

  /** @param {string} frame JSON @returns {boolean} whether the socket took it */
  send(frame) {
    if (this.state !== "up" || this.#socket?.readyState !== 1) return false;
    this.#socket.send(frame);
    return true;
  }

  /** Whether so much waits in the socket that presence should be left out. */
  get isCongested() {
    return (this.#socket?.bufferedAmount ?? 0) > CONGESTED_BYTES;
  }

  #connect() {
    this.#clear();
    this.#drain = null;
    const socket = this.#openSocket();
    if (!socket) return this.#lost(1006, "cannot open a socket");
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.#handlers.hello()));
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = (event) => this.#lost(event.code, event.reason);
    this.#after("welcome", WELCOME_MS, () => this.#lost(1006, "no welcome"));
    this.#become("connecting");
  }

  #openSocket() {
    try {
      return this.#open(this.#url);
    } catch {
      return null;
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} data
   */
  #receive(socket, data) {
    this.#heardAt = this.#clock.monotonic();
    this.#isProbing = false;
    for (const message of parseFrame(data)) {
      if (this.#socket !== socket) return; // a handler has dropped the link: the rest is void
      this.#take(message);
    }
  }

  /** @param {Message} message */
  #take(message) {
    if (message.type === "pong") return;
    if (message.type === "drain") this.#planMove(message.reconnect);
    if (message.type === "welcome") {
      if (message.v !== PROTOCOL) return this.#lost(VERSION, `the server speaks version ${message.v}, this page ${PROTOCOL}`);
      this.#welcomed();
    }
    if (this.state === "up") this.#handlers.message(message);
  }

  #welcomed() {
    this.#clear();
    this.#upSince = this.#clock.monotonic();
    this.ending = null;
    this.#after("probe", PROBE_MS, () => this.#probe());
    this.#become("up");
  }

  /** The server goes: leave at a moment of our own within its range. @param {unknown} range */
  #planMove(range) {
    const [low, high] = Array.isArray(range) ? range.map(Number) : [0, 0];
    this.#drain = [low || 0, high || 0];
    this.#after("move", this.#drainDelay(this.#drain), () => this.#moveOn());
  }

  #moveOn() {
    this.#drain = [0, 0];
    this.#lost(1001, "the server is draining");
  }

  /** @param {[number, number]} range */
  #drainDelay([low, high]) {
    return 1000 * (low + this.#clock.random() * (high - low));
  }

  #probe() {
    if (this.#isProbing) return this.#lost(1006, "the server is silent");
    if (this.#clock.monotonic() - this.#heardAt >= PROBE_MS) this.#ping();
    this.#after("probe", PROBE_MS, () => this.#probe());
  }

  #ping() {
    this.#isProbing = true;
    this.send(JSON.stringify({ type: "ping", ts: this.#clock.now() }));
  }

  #pageChanged() {
    if (!this.#page.isOnline()) {
      if (this.state === "up" || this.state === "connecting") this.#lost(1006, "offline");
    } else if (this.state === "waiting" && !this.#page.isHidden()) {
      this.#attempts = 0;
      this.#connect();
    } else if (this.state === "up" && !this.#page.isHidden() && !this.#isProbing) {
      this.#ping(); // back from sleep: the socket may be long dead
      this.#after("probe", PROBE_MS, () => this.#probe());
    }
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lost(code, reason) {
    if (this.state === "stopped" || this.state === "closed") return;
    const lived = this.state === "up" ? this.#clock.monotonic() - this.#upSince : 0;
    this.#drop(code === 1006 ? 4000 : 1000, reason);
    this.ending = { code, reason };
    if (code >= 4400 && code < 4500 && !RETRIED_44XX.has(code)) return this.#become("closed");
    if (lived >= STEADY_MS) this.#attempts = 0;
    this.#wait(this.#delay(code));
  }

  /** @param {number} code */
  #delay(code) {
    if (this.#drain) return this.#drainDelay(this.#drain);
    const longest = this.#page.isHidden() ? LONGEST_HIDDEN_DELAY_MS : LONGEST_DELAY_MS;
    const span = Math.min(longest, FIRST_DELAY_MS * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 20);
    return (code === RATE ? RATE_DELAY_MS : 0) + this.#clock.random() * span;
  }

  /** @param {number} ms */
  #wait(ms) {
    const delay = this.#page.isOnline() ? ms : OFFLINE_DELAY_MS;
    this.#after("retry", delay, () => this.#connect());
    this.retryAt = Math.ceil(this.#clock.now() + delay);
    this.#become("waiting");
  }

  /** Let go of the socket without listening to its end. @param {number} code @param {string} reason */
  #drop(code, reason) {
    this.#clear();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState < 2) socket.close(code, reason.slice(0, 40));
  }

  /** @param {LinkState} state */
  #become(state) {
    if (state !== "waiting") this.retryAt = null;
    this.state = state;
    this.#handlers.state();
  }

  /**
   * @param {string} name
   * @param {number} ms
   * @param {() => void} run
   */
  #after(name, ms, run) {
    this.#clock.clearTimeout(this.#timers.get(name));
    this.#timers.set(name, this.#clock.setTimeout(run, ms));
  }

  #clear() {
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    this.#isProbing = false;
  }
}

/**
 * Messages of a frame; what is none is left out: a page has nobody to complain to.
 * @param {unknown} data
 * @returns {Message[]}
 */
function parseFrame(data) {
  if (typeof data !== "string") return [];
  try {
    const parsed = JSON.parse(data);
    const messages = Array.isArray(parsed) ? parsed : [parsed];
    return messages.filter((one) => one !== null && typeof one === "object" && typeof one.type === "string");
  } catch {
    return [];
  }
}
