/**
 * A stage for the sync: time that stands still until told, a page that can go offline or hidden, and
 * sockets whose other end is the test.
 */
import { Board } from "../../whiteboard/page/js/core/board.js";
import { BoardSync } from "../../whiteboard/page/js/sync/board_sync.js";
import { random } from "./chance.mjs";

/** A clock that only `advance` moves. */
export class StillClock {
  #now = 1_700_000_000_000;
  /** What somebody has moved the wall clock by. */
  #moved = 0;
  #timers = new Map();
  #next = 1;
  random = random(1);

  now = () => this.#now + this.#moved;
  monotonic = () => this.#now;

  /** Somebody sets the wall clock. */
  set(ms) {
    this.#moved += ms;
  }

  setTimeout = (run, ms) => {
    this.#timers.set(this.#next, { run, at: this.#now + ms });
    return this.#next++;
  };

  clearTimeout = (timer) => this.#timers.delete(timer);

  /** Runs what falls due, in order; microtasks too. */
  async advance(ms) {
    const end = this.#now + ms;
    for (let due = this.#first(end); due; due = this.#first(end)) {
      this.#timers.delete(due.timer);
      this.#now = due.at;
      due.run();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #first(end) {
    const due = [...this.#timers].map(([timer, one]) => ({ timer, ...one })).filter((one) => one.at <= end);
    return due.sort((a, b) => a.at - b.at || a.timer - b.timer)[0];
  }
}

/** Lets all microtasks run, and what they start. */
export async function settle() {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

export class StillPage {
  #online = true;
  #hidden = false;
  #watchers = new Set();
  isOnline = () => this.#online;
  isHidden = () => this.#hidden;
  watch = (changed) => {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  };

  async set({ online = this.#online, hidden = this.#hidden }) {
    this.#online = online;
    this.#hidden = hidden;
    for (const changed of [...this.#watchers]) changed();
    await settle();
  }
}

/** The page's end of a socket; the test plays the server with `open`, `say` and `end`. */
export class StageSocket {
  readyState = 0;
  bufferedAmount = 0;
  /** Messages that the page has sent, batches taken apart. */
  heard = [];
  frames = 0;
  closedWith = null;

  constructor(url) {
    this.url = url;
  }

  send(text) {
    this.frames += 1;
    const parsed = JSON.parse(text);
    this.heard.push(...(Array.isArray(parsed) ? parsed : [parsed]));
  }

  close(code) {
    this.readyState = 3;
    this.closedWith = code;
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  /** Messages in one frame. */
  async say(...messages) {
    this.onmessage?.({ data: JSON.stringify(messages.length === 1 ? messages[0] : messages) });
    await settle();
  }

  async end(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
    await settle();
  }

  get hello() {
    return this.heard[0];
  }

  /** Ops heard on this socket. */
  get ops() {
    return this.heard.filter((one) => one.opId !== undefined);
  }
}

export const WELCOME = {
  type: "welcome", v: 1, session: "S1", client: "c-me", key: "secret", board: "b", epoch: "e1", seq: 0,
  clock: {}, role: "editor", peers: [], limits: { frameBytes: 1048576, batch: 2000 }, heartbeat: { ping: 10, dead: 30 }, durable: "disk",
};

/** A sync with everything around it under the test's hand. */
export class Stage {
  clock = new StillClock();
  page = new StillPage();
  sockets = [];
  events = [];

  constructor({ store, identity = { client: "c-me", name: "Ada", color: "red" } } = {}) {
    this.board = new Board();
    this.sync = new BoardSync({
      url: "ws://stage/ws/b", board: this.board, identity, store, clock: this.clock, page: this.page,
      socket: (url) => {
        const socket = new StageSocket(url);
        this.sockets.push(socket);
        return socket;
      },
    });
    for (const type of ["change", "reset", "status", "peers", "cursors", "rejected", "identity", "drain", "problem"]) {
      this.sync.addEventListener(type, (event) => this.events.push([type, event.detail]));
    }
  }

  get socket() {
    return this.sockets[this.sockets.length - 1];
  }

  get view() {
    return this.sync.view;
  }

  /** Details of the events of one type, which count as read from now on. */
  told(type) {
    const found = this.events.filter(([name]) => name === type).map(([, detail]) => detail);
    this.events = this.events.filter(([name]) => name !== type);
    return found;
  }

  /** Start, and be welcomed on an empty board unless told otherwise. */
  async join(welcome = {}, snapshot = { type: "snapshot", seq: welcome.seq ?? 0, part: 1, parts: 1, elements: [] }) {
    await this.sync.start();
    await this.answer(welcome, snapshot);
  }

  /** The server takes the newest socket. */
  async answer(welcome = {}, ...more) {
    this.socket.open();
    await this.socket.say({ ...WELCOME, ...welcome }, ...more.filter(Boolean));
  }

  /** The echo of an op that the page has sent, as the server would stamp it. */
  echo(op, seq, lamport = 2 * seq) {
    const { ts, ...rest } = op;
    return { ...rest, seq, at: 1, by: op.opId.split(":")[0], clock: {}, lamport };
  }

  ack(op, seq) {
    return { type: "ack", opId: op.opId, id: op.id, seq, at: 1, durable: "disk" };
  }
}

/** An op by somebody else. */
export function foreign(seq, fields) {
  return { opId: `c-other:${seq}`, by: "c-other", seq, at: 1, clock: { "c-other": seq }, seen: seq - 1, lamport: 2 * seq - 1, ...fields };
}
