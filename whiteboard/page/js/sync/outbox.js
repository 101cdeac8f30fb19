/**
 * Ops of one client that no server has confirmed, in the order they were made.
 *
 * Owns which of them have been sent on the link that is up, which have to wait, and how they are packed
 * into frames. Must not know sockets, clocks, journals or the view.
 *
 * Theory of operation. A server answers the ops of a session in their order (ACK-6). So when a later op
 * is answered, one that was sent before it and has no answer never will have one: an error took it, as one
 * for a whole frame, which names no op. Such an op, and one that was refused for now, is late: it waits,
 * whatever else is sent meanwhile, until `resume`. When an error came, nobody knows which op it was about: those
 * without an answer go out once more in frames of their own, so that one bad op does not hold the others back.
 */

import { parseOpId } from "../core/stamps.js";

/** @typedef {import("./journal.js").JournalEntry} JournalEntry */
/** @typedef {{frameBytes: number, batch: number}} FrameLimits */

/** No UTF-16 code unit takes more bytes of UTF-8 than this. */
const BYTES_PER_UNIT = 3;

/** The queue of one client id. */
export class Outbox {
  /** @type {Map<string, JournalEntry>} */
  #entries = new Map();
  /** @type {Set<string>} */
  #unsent = new Set();
  /** Sent on the link that is up, in the order of sending, and not answered there. @type {Set<string>} */
  #sent = new Set();
  /** Once refused or passed over, until confirmed; neither sent nor unsent while they wait. @type {Set<string>} */
  #late = new Set();
  /** Sent before something went wrong. @type {Set<string>} */
  #doubted = new Set();
  /** Sent again because of that: to be sent in a frame of their own. @type {Set<string>} */
  #alone = new Set();

  /**
   * @param {string} client
   * @param {string} [key] what claims the client id
   */
  constructor(client, key) {
    this.client = client;
    this.key = key;
  }

  /** Ops not confirmed. */
  get size() {
    return this.#entries.size;
  }

  /** Ops not confirmed, in the order they were made. @returns {JournalEntry[]} */
  entries() {
    return [...this.#entries.values()];
  }

  /** Highest counter among them, 0 without any. */
  get highest() {
    return this.entries().reduce((highest, { op }) => Math.max(highest, parseOpId(op.opId).counter), 0);
  }

  /** @param {JournalEntry} entry */
  add(entry) {
    this.#entries.set(entry.op.opId, entry);
    this.#unsent.add(entry.op.opId);
  }

  /** @param {string} opId @returns {JournalEntry|undefined} */
  get(opId) {
    return this.#entries.get(opId);
  }

  /** It is confirmed, or given up. @param {string} opId */
  remove(opId) {
    this.#entries.delete(opId);
    this.#unsent.delete(opId);
    this.#late.delete(opId);
    this.#alone.delete(opId);
  }

  /** Whether an op waits, or has waited and is not confirmed. */
  get isHeldUp() {
    return this.#late.size > 0;
  }

  /**
   * The server has answered an op. To be told of each answer, before `remove` or `postpone`.
   * @param {string} opId
   * @returns {boolean} whether ops sent before it were passed over, and are late now
   */
  answered(opId) {
    if (!this.#sent.has(opId)) return false;
    let isAnyLate = false;
    for (const earlier of this.#sent) {
      this.#sent.delete(earlier);
      if (earlier === opId) break;
      if (!this.#entries.has(earlier)) continue; // its echo came before its ack
      this.#late.add(earlier);
      isAnyLate = true;
    }
    return isAnyLate;
  }

  /** Refused for now. @param {string} opId */
  postpone(opId) {
    this.#late.add(opId);
  }

  /**
   * Something that was sent has gone wrong, and nobody knows what it was.
   * @returns {boolean} whether it may have been an op
   */
  doubt() {
    this.#doubted = new Set([...this.#sent].filter((opId) => this.#entries.has(opId)));
    return this.#doubted.size > 0;
  }

  /** What is late, or in doubt and still without an answer, is to be sent once more. */
  resume() {
    for (const opId of this.#doubted) {
      if (!this.#entries.has(opId)) continue;
      this.#alone.add(opId);
      if (this.#sent.delete(opId)) this.#late.add(opId);
    }
    this.#doubted.clear();
    for (const opId of this.#late) if (!this.#sent.has(opId)) this.#unsent.add(opId);
  }

  /** The link is gone: what it took may not have arrived. */
  unsendAll() {
    this.#unsent = new Set(this.#entries.keys());
    this.#sent.clear();
    this.#late.clear();
    this.#doubted.clear();
  }

  /**
   * Become another client: op ids change, order and counters stay.
   * @param {string} client
   * @param {string} [key]
   * @returns {{before: JournalEntry[], after: JournalEntry[]}}
   */
  rename(client, key) {
    const before = this.entries();
    const after = before.map(({ op, epoch }) => ({ op: { ...op, opId: `${client}:${parseOpId(op.opId).counter}` }, epoch }));
    this.client = client;
    this.key = key;
    this.#entries = new Map(after.map((entry) => [entry.op.opId, entry]));
    this.#alone.clear();
    this.unsendAll();
    return { before, after };
  }

  /**
   * Frames of the ops that are to be sent, which count as sent from now on.
   * @param {string|null} epoch the board's; what an author saw of another epoch counts as nothing seen
   * @param {FrameLimits} limits
   * @returns {{frames: string[], oversize: JournalEntry[]}} `oversize`: ops that no frame can hold
   */
  take(epoch, { frameBytes, batch }) {
    const oversize = [];
    /** @type {string[][]} */
    const groups = [];
    let room = 0;
    for (const entry of this.#unsentInOrder()) {
      const text = JSON.stringify(entry.epoch === epoch ? entry.op : { ...entry.op, seen: 0 });
      const bytes = byteLength(text) + 1;
      if (bytes + 1 > frameBytes) {
        oversize.push(entry);
        continue;
      }
      this.#sent.add(entry.op.opId);
      const isAlone = this.#alone.has(entry.op.opId);
      if (isAlone || bytes > room || groups[groups.length - 1].length >= batch) {
        groups.push([]);
        room = frameBytes - 1;
      }
      groups[groups.length - 1].push(text);
      room = isAlone ? 0 : room - bytes;
    }
    this.#unsent.clear();
    return { frames: groups.map((texts) => `[${texts.join(",")}]`), oversize };
  }

  /** Usually the newest few of a short queue. */
  #unsentInOrder() {
    return this.entries().filter(({ op }) => this.#unsent.has(op.opId));
  }
}

/** Bytes of UTF-8, counted only where a bound may matter. @param {string} text */
function byteLength(text) {
  return text.length < 1024 ? text.length * BYTES_PER_UNIT : new TextEncoder().encode(text).length;
}
