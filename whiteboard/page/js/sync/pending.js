/**
 * The ops that no server has confirmed, ours and those of tabs that died, and what becomes of them.
 *
 * Owns the outboxes, their place on the view and in the journal, and when an op is sent once more. Must not
 * know sessions, snapshots or the log beyond the seq of an op: links come from the sync, which flushes.
 *
 * Theory of operation. An op is in its outbox and in the journal until an ack or its echo confirms it, and on
 * the overlay until the confirmed board has it. In between, after an ack that comes before the echo, it is
 * among the acked: not pending, still shown. What the server refuses for now or passes over (see
 * `outbox.js`) is due again after a delay that grows until nothing is late.
 */

import { parseOpId } from "../core/stamps.js";
import { Outbox } from "./outbox.js";

/** @typedef {import("../core/board.js").StampedOp} StampedOp */
/** @typedef {import("./journal.js").Journal} Journal */
/** @typedef {import("./journal.js").JournalEntry} JournalEntry */
/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./link.js").Message} Message */
/** @typedef {import("./outbox.js").FrameLimits} FrameLimits */
/** @typedef {{op: StampedOp, code: string, reason: string, path?: string}} Rejection */

/**
 * @typedef {object} Listener
 * @property {(id: string) => void} changed an element looks otherwise
 * @property {() => void} counted there are more or fewer pending ops
 * @property {(rejection: Rejection) => void} rejected an op was given up; it is off the view
 * @property {(outbox: Outbox) => void} emptied all ops of a dead tab are confirmed
 * @property {() => void} due ops are to be sent once more: flush
 */

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

/** Everything that waits for a confirmation. */
export class Pending {
  /** What is made in this tab. @type {Outbox} */
  own;
  /** Own outbox and those of tabs that died, by client. @type {Map<string, Outbox>} */
  #outboxes;
  /** Acked ops whose echo has not come: no longer pending, still on the overlay. @type {Map<string, {op: StampedOp, seq: number}>} */
  #acked = new Map();
  #overlay;
  #store;
  #clock;
  #listener;
  #retryMs = FIRST_RETRY_MS;
  /** @type {unknown} */
  #retryTimer = null;

  /**
   * @param {object} options
   * @param {Outbox} options.own
   * @param {import("../core/overlay.js").Overlay} options.overlay
   * @param {Journal} options.store
   * @param {import("./link.js").Clock} options.clock
   * @param {Listener} options.listener
   */
  constructor({ own, overlay, store, clock, listener }) {
    this.own = own;
    this.#outboxes = new Map([[own.client, own]]);
    this.#overlay = overlay;
    this.#store = store;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** How many ops wait. */
  get size() {
    return [...this.#outboxes.values()].reduce((sum, outbox) => sum + outbox.size, 0);
  }

  /** Clients whose ops are here. */
  clients() {
    return this.#outboxes.keys();
  }

  /** Whether a client's ops are here. @param {string} client */
  has(client) {
    return this.#outboxes.has(client);
  }

  /** Outboxes of dead tabs that have ops. */
  orphans() {
    return [...this.#outboxes.values()].filter((outbox) => outbox !== this.own && outbox.size > 0);
  }

  /** Take up what a dead tab has left behind. @param {import("./journal.js").Orphan} orphan */
  adopt({ client, key, entries }) {
    const outbox = new Outbox(client, key);
    this.#outboxes.set(client, outbox);
    this.takeUp(outbox, entries);
  }

  /** Entries of an earlier life of a client: below what is made now, above the confirmed board. @param {Outbox} outbox @param {JournalEntry[]} entries */
  takeUp(outbox, entries) {
    const made = new Map([...entries, ...outbox.entries()].map((entry) => [entry.op.opId, entry]));
    for (const { op } of outbox.entries()) this.#lift(op);
    for (const { op } of outbox.entries()) outbox.remove(op.opId);
    for (const entry of made.values()) this.#put(outbox, entry);
  }

  /** An op made here. @param {JournalEntry} entry */
  add(entry) {
    this.#store.append(entry);
    this.#put(this.own, entry);
  }

  /**
   * An outbox's ops go on under another client id, in their order.
   * @param {Outbox} outbox @param {string} client @param {string|undefined} key
   * @returns {Promise<boolean>} whether this tab alone is that client now
   */
  rename(outbox, client, key) {
    const former = outbox.client;
    const { before, after } = outbox.rename(client, key);
    this.#outboxes.delete(former);
    this.#outboxes.set(client, outbox);
    for (const { op } of before) this.#lift(op);
    for (const { op } of after) this.#overlay.add(op);
    this.#store.remove(before.map(({ op }) => op.opId));
    for (const entry of after) this.#store.append(entry);
    this.#store.remember(client, key);
    this.#store.release(former);
    return this.#store.claim(client);
  }

  /** Send what an outbox has to send. @param {Outbox} outbox @param {Link} link @param {string|null} epoch the board's @param {FrameLimits} limits */
  flush(outbox, link, epoch, limits) {
    if (link.state !== "up") return;
    const { frames, oversize } = outbox.take(epoch, limits);
    for (const frame of frames) link.send(frame);
    for (const { op } of oversize) this.#giveUp({ type: "reject", opId: op.opId, code: "too_large", reason: "the op is larger than a frame" });
  }

  /** Nothing falls due any more. */
  stop() {
    this.#clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  // --- what the server says -----------------------------------------------------------------------

  /** The log has an op, which the confirmed board has taken. @param {string} opId */
  echoed(opId) {
    const op = this.#confirm(opId) ?? this.#acked.get(opId)?.op;
    this.#acked.delete(opId);
    if (op) this.#lift(op);
  }

  /** @param {Message} ack @param {number} covered seq up to which the confirmed board has everything */
  acked({ opId, seq }, covered) {
    this.#answered(opId);
    const op = this.#confirm(opId);
    if (!op) return;
    if (seq <= covered) this.#lift(op);
    else this.#acked.set(opId, { op, seq });
  }

  /** The confirmed board has everything up to a seq. @param {number} seq */
  covered(seq) {
    for (const [opId, acked] of this.#acked) {
      if (acked.seq <= seq && this.#acked.delete(opId)) this.#lift(acked.op);
    }
  }

  /** The board was begun again: what was stored before is gone, acked or not. */
  epochEnded() {
    this.covered(Infinity);
  }

  /** @param {Message} reject */
  rejected(reject) {
    const outbox = this.#answered(reject.opId);
    if (!reject.retry) return this.#giveUp(reject);
    if (!outbox?.get(reject.opId)) return;
    outbox.postpone(reject.opId);
    this.#retryLater();
  }

  /** Something without a name was refused on an outbox's link: it may have been a whole frame of ops. @param {Outbox} outbox */
  doubted(outbox) {
    if (outbox.doubt()) this.#retryLater();
  }

  /** @param {string} [opId] @returns {Outbox|undefined} whose it is */
  #answered(opId = "") {
    const outbox = this.#outboxes.get(clientOf(opId));
    if (outbox?.answered(opId)) this.#retryLater();
    return outbox;
  }

  /** An op will never be stored: off the view with it. @param {Message} reject */
  #giveUp({ opId, code, reason, path }) {
    const op = this.#confirm(opId);
    if (!op) return;
    this.#lift(op);
    this.#listener.rejected({ op, code, reason, path });
  }

  /** An op has its answer. @param {string} [opId] @returns {StampedOp|undefined} the op if it was pending */
  #confirm(opId = "") {
    const outbox = this.#outboxes.get(clientOf(opId));
    const entry = outbox?.get(opId);
    if (!outbox || !entry) return undefined;
    outbox.remove(opId);
    this.#store.remove([opId]);
    if (!outbox.isHeldUp) this.#retryMs = FIRST_RETRY_MS;
    this.#listener.counted();
    if (outbox.size === 0 && outbox !== this.own) this.#drop(outbox);
    return entry.op;
  }

  /** A dead tab's outbox is empty. @param {Outbox} outbox */
  #drop(outbox) {
    this.#outboxes.delete(outbox.client);
    this.#store.release(outbox.client);
    this.#listener.emptied(outbox);
  }

  /** What is late goes out after a delay, longer each time until nothing is. */
  #retryLater() {
    if (this.#retryTimer !== null) return;
    this.#retryTimer = this.#clock.setTimeout(() => {
      this.#retryTimer = null;
      for (const outbox of this.#outboxes.values()) outbox.resume();
      this.#listener.due();
    }, this.#retryMs);
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }

  /** @param {Outbox} outbox @param {JournalEntry} entry */
  #put(outbox, entry) {
    outbox.add(entry);
    this.#overlay.add(entry.op);
    this.#listener.changed(entry.op.id);
    this.#listener.counted();
  }

  /** Take an op off the overlay. @param {StampedOp} op */
  #lift(op) {
    this.#overlay.remove(op);
    this.#listener.changed(op.id);
  }
}

/** The client part of an op id; "" when it is none. @param {string} opId */
function clientOf(opId) {
  try {
    return parseOpId(opId).client;
  } catch {
    return "";
  }
}
