/**
 * Keeping a board in step with its server: what one draws is seen at once, sent once, lost never.
 *
 * Owns the session: which ops are confirmed (by their echo, or by an ack and a picture that covers
 * it), the sequence of the log, the pending ops and their fate, and what the page is told of all
 * that. Must not know how things are drawn.
 *
 * Theory of operation. Ops made here go on top of the view at once (`Overlay`), into the journal, and
 * into the outbox, which is sent whenever a link is up, again after each reconnect, with the same op
 * ids: the server stores an op id once. An ack takes the op out of journal and outbox; the echo, which
 * carries the server's stamp, takes it off the overlay. What the server refuses for now, or passes over
 * without an answer, is sent again after a delay. `cursor` counts the log without gaps; ops after
 * a gap are not taken, the link is made anew and asks for what follows the cursor. A snapshot merges
 * with whatever comes meanwhile, because merging is commutative; until its last part the cursor is
 * not good to resume from. Journals of tabs that died are sent by a `Carrier`, under the client id that
 * made them, while their ops lie on this view like our own.
 */

import { Overlay } from "../core/overlay.js";
import { parseOpId } from "../core/stamps.js";
import { Carrier } from "./carrier.js";
import { MemoryJournal, newClientId } from "./journal.js";
import { BROWSER_CLOCK, Link, browserPage } from "./link.js";
import { News } from "./news.js";
import { Outbox } from "./outbox.js";
import { Presence } from "./presence.js";

/** @typedef {import("../core/board.js").Board} Board */
/** @typedef {import("../core/board.js").ElementView} ElementView */
/** @typedef {import("../core/board.js").StampedOp} StampedOp */
/** @typedef {import("./journal.js").Identity} Identity */
/** @typedef {import("./journal.js").Journal} Journal */
/** @typedef {import("./journal.js").JournalEntry} JournalEntry */
/** @typedef {import("./link.js").Message} Message */
/** @typedef {import("./presence.js").Peer} Peer */
/** @typedef {import("../core/inverse.js").LocalOp} LocalOp */

/**
 * @typedef {object} Status
 * @property {"connecting"|"online"|"offline"|"closed"} state closed: the server said not to come back
 * @property {number} pending ops made here (and by tabs that died) that no server has confirmed
 * @property {boolean} loading the first picture is still on its way
 * @property {"memory"|"disk"|"stream"|null} durable what this server's ack means
 * @property {"disk"|"memory"} kept where pending ops live in this browser: "disk" survives a reload
 * @property {string|null} role "owner", "editor" or "viewer"
 * @property {string|null} reason why it is offline or closed, in English, from whoever ended it
 * @property {number|null} code the close code that goes with the reason
 * @property {number|null} retryAt when the next attempt is due, Date.now() milliseconds
 */
/** @typedef {{session: string, x?: number, y?: number, laser?: [number, number][], follow?: string}} CursorEntry */
/** @typedef {{op: StampedOp, code: string, reason: string, path?: string}} Rejection */
/** @typedef {{get(id: string): ElementView|undefined, drawOrder(): readonly string[], isPending(id: string): boolean}} View */

/** A tab that dies lets go of its journal a moment later, or days later: look now and then. */
const ADOPT_MS = 30_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** What every server takes, until its `welcome` says what this one takes. */
const LIMITS = { frameBytes: 1024 * 1024, batch: 2_000 };

/**
 * A board in step with its server.
 *
 * Events, all CustomEvent, at most once per task for the first four: `change` {ids: Set<string>},
 * `reset` (anything may have changed), `status` Status, `peers` Map<session, Peer>; and
 * `cursors` CursorEntry[], `rejected` Rejection (the op is off the view again), `identity` Identity
 * (to be kept with `saveIdentity`), `drain` {reconnect}, `problem` {code, reason, path?}.
 */
export class BoardSync extends EventTarget {
  /** Our session while online. @type {string|null} */
  session = null;
  /** The board with our pending ops on top. @type {View} */
  view;
  /** Bounds from `welcome`. @type {Record<string, number>} */
  limits = { ...LIMITS };

  #board;
  #overlay;
  #identity;
  #store;
  #clock;
  #presence;
  #newLink;
  #link;
  #own;
  /** Own outbox and those of tabs that died, by client. @type {Map<string, Outbox>} */
  #outboxes = new Map();
  /** Acked ops whose echo has not come: no longer pending, still on the overlay. @type {Map<string, {op: StampedOp, seq: number}>} */
  #acked = new Map();
  #carrier;
  #counter = 0;
  /** Where the log has been followed to on this board; null until that is known. @type {number|null} */
  #cursor = null;
  /** Whether all up to the cursor is here. */
  #isComplete = false;
  #askedSince = false;
  #isStarted = false;
  /** @type {string|null} */
  #role = null;
  /** @type {Status["durable"]} */
  #durable = null;
  #retryMs = FIRST_RETRY_MS;
  /** @type {unknown} */
  #retryTimer = null;
  /** @type {unknown} */
  #adoptTimer = null;
  #isFlushDue = false;
  #news = new News((news) => this.#tellNews(news));

  /**
   * @param {object} options
   * @param {string} options.url ws(s)://…/ws/{board}
   * @param {Board} options.board the confirmed board; belongs to the sync from now on
   * @param {Identity} options.identity as `loadIdentity` gives it
   * @param {Journal} [options.store] as `openJournal` gives it; default: memory
   * @param {(url: string) => WebSocket} [options.socket]
   * @param {import("./link.js").Clock} [options.clock]
   * @param {import("./link.js").PageState} [options.page]
   */
  constructor({ url, board, identity, store = new MemoryJournal(), socket, clock = BROWSER_CLOCK, page = browserPage() }) {
    super();
    this.#board = board;
    this.#overlay = new Overlay(board);
    this.view = this.#overlay;
    this.#identity = { ...identity };
    this.#store = store;
    this.#clock = clock;
    const open = socket ?? ((address) => new WebSocket(address));
    this.#newLink = (/** @type {import("./link.js").Handlers} */ handlers) => new Link({ url, socket: open, clock, page, handlers });
    this.#link = this.#newLink({
      hello: () => this.#hello(this.#own, (this.#askedSince = this.#isComplete)),
      message: (message) => this.#receive(message),
      state: () => this.#linkChanged(),
    });
    this.#presence = new Presence({
      clock,
      send: (message) => this.#link.isCongested || this.#link.send(JSON.stringify(message)),
      changed: () => this.#news.note("peers"),
    });
    this.#carrier = new Carrier({
      open: this.#newLink,
      hello: (outbox) => this.#hello(outbox, this.#board.epoch !== null),
      receive: (outbox, link, message) => this.#receiveCarried(outbox, link, message),
    });
    this.#own = new Outbox(identity.client, identity.key);
    this.#outboxes.set(identity.client, this.#own);
  }

  /** Our client id; a server that knows another owner of it may hand out a new one. */
  get client() {
    return this.#identity.client;
  }

  /** Others who are here, by session. @returns {ReadonlyMap<string, Peer>} */
  get peers() {
    return this.#presence.peers;
  }

  /** Who we are. @returns {Identity} */
  get identity() {
    return { ...this.#identity };
  }

  /** @returns {Status} */
  get status() {
    const { state, ending, retryAt } = this.#link;
    const shown = /** @type {const} */ ({ up: "online", connecting: "connecting", closed: "closed", waiting: "offline", stopped: "offline" });
    return {
      state: shown[state],
      pending: [...this.#outboxes.values()].reduce((sum, outbox) => sum + outbox.size, 0),
      loading: !this.#isComplete,
      durable: this.#durable,
      kept: this.#store.kept,
      role: this.#role,
      reason: ending?.reason ?? null,
      code: ending?.code ?? null,
      retryAt,
    };
  }

  // --- life -----------------------------------------------------------------------------------

  /** Claim the client id, take up what was not confirmed before, connect. Ops may be submitted meanwhile. */
  async start() {
    if (!this.#isStarted) {
      this.#isStarted = true;
      if (!(await this.#store.claim(this.client))) await this.#becomeSomebodyElse();
      this.#store.remember(this.client, this.#identity.key);
      this.#takeUp(this.#own, await this.#store.all(this.client));
      await this.#adoptOrphans();
    }
    if (this.#isStarted) this.#link.start();
  }

  /** Disconnect. What is pending stays in the journal, and may be taken up by another tab. */
  stop() {
    this.#isStarted = false;
    this.#clock.clearTimeout(this.#retryTimer);
    this.#clock.clearTimeout(this.#adoptTimer);
    this.#presence.stop();
    this.#link.stop();
    this.#carrier.stop();
    this.#retryTimer = null;
    for (const client of this.#outboxes.keys()) this.#store.release(client);
  }

  /** Connect now, also after `closed`. */
  retry() {
    this.#link.start();
  }

  /**
   * Entries of an earlier life of a client: below what is made now, above the confirmed board.
   * @param {Outbox} outbox
   * @param {JournalEntry[]} entries
   */
  #takeUp(outbox, entries) {
    const made = new Map([...entries, ...outbox.entries()].map((entry) => [entry.op.opId, entry]));
    for (const { op } of outbox.entries()) this.#lift(op);
    for (const { op } of outbox.entries()) outbox.remove(op.opId);
    for (const entry of made.values()) this.#put(outbox, entry);
    this.#counter = Math.max(this.#counter, this.#own.highest);
  }

  /** Take up journals that nobody holds; once more from time to time. */
  async #adoptOrphans() {
    this.#clock.clearTimeout(this.#adoptTimer);
    this.#adoptTimer = this.#clock.setTimeout(() => this.#adoptOrphans(), ADOPT_MS);
    for (const { client, key, entries } of await this.#store.orphans()) {
      if (!this.#isStarted) this.#store.release(client); // stopped meanwhile
      if (!this.#isStarted || this.#outboxes.has(client)) continue;
      const outbox = new Outbox(client, key);
      this.#outboxes.set(client, outbox);
      this.#takeUp(outbox, entries);
    }
    if (this.#link.state === "up") this.#carry();
  }

  // --- what the page does -----------------------------------------------------------------------

  /**
   * Apply an op at once, keep it, and send it when there is a link. Ops arrive in this order.
   * @param {LocalOp} op must not be changed afterwards
   * @returns {string} its op id
   */
  submit(op) {
    // A counter is never used twice, though an acked op leaves no trace here: after a reload the clock is ahead of them.
    this.#counter = Math.max(this.#counter + 1, Math.floor(this.#clock.now()));
    const opId = `${this.client}:${this.#counter}`;
    const entry = { op: { ...op, opId, seen: this.#board.seq, ts: this.#clock.now() }, epoch: this.#board.epoch };
    this.#store.append(entry);
    this.#put(this.#own, entry);
    this.#flushSoon();
    return opId;
  }

  /**
   * Where our pointer is; at most every 33 ms, the newest wins, nothing while nobody else is here.
   * @param {number} x board units
   * @param {number} y
   */
  sendCursor(x, y) {
    this.#presence.point(x, y);
  }

  /** @param {[number, number][]} points the trail, newest last; empty ends it */
  sendLaser(points) {
    this.#presence.say({ type: "laser", points });
  }

  /** @param {string|null} session whose view we follow; null: nobody's */
  sendFollow(session) {
    this.#presence.say({ type: "follow", session: session ?? "" });
  }

  /** @param {string} name @param {string} color */
  rename(name, color) {
    this.#identity = { ...this.#identity, name, color };
    this.#tell("identity", this.identity);
    this.#link.send(JSON.stringify({ type: "hello", v: 1, name, color }));
  }

  // --- pending ops ------------------------------------------------------------------------------

  /** @param {Outbox} outbox @param {JournalEntry} entry */
  #put(outbox, entry) {
    outbox.add(entry);
    this.#overlay.add(entry.op);
    this.#news.changed(entry.op.id);
    this.#news.note("status");
  }

  /** Take an op off the overlay. @param {StampedOp} op */
  #lift(op) {
    this.#overlay.remove(op);
    this.#news.changed(op.id);
  }

  /** An op of ours, or of a dead tab, is stored. @param {string} opId @returns {StampedOp|undefined} the op if it was pending */
  #confirm(opId) {
    const outbox = this.#outboxes.get(clientOf(opId ?? ""));
    const entry = outbox?.get(opId);
    if (!outbox || !entry) return undefined;
    outbox.remove(opId);
    this.#store.remove([opId]);
    if (!outbox.isHeldUp) this.#retryMs = FIRST_RETRY_MS;
    this.#news.note("status");
    if (outbox.size === 0 && outbox !== this.#own) this.#carried(outbox);
    return entry.op;
  }

  #flushSoon() {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#flush(this.#own, this.#link);
    });
  }

  /** @param {Outbox} outbox @param {Link} link */
  #flush(outbox, link) {
    if (link.state !== "up") return;
    const { frames, oversize } = outbox.take(this.#board.epoch, { ...LIMITS, ...this.limits });
    for (const frame of frames) link.send(frame);
    for (const { op } of oversize) {
      this.#giveUp({ type: "reject", opId: op.opId, code: "too_large", reason: "the op is larger than a frame" });
    }
  }

  /** What is late goes out after a delay, longer each time until nothing is. */
  #retryLater() {
    if (this.#retryTimer !== null) return;
    this.#retryTimer = this.#clock.setTimeout(() => {
      this.#retryTimer = null;
      for (const outbox of this.#outboxes.values()) outbox.resume();
      this.#flush(this.#own, this.#link);
      this.#carrier.flush((outbox, link) => this.#flush(outbox, link));
    }, this.#retryMs);
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }

  // --- the session ------------------------------------------------------------------------------

  /** @param {Outbox} outbox whose client we are on this link @param {boolean} resumes @returns {Message} */
  #hello({ client, key }, resumes) {
    const { name, color } = this.#identity;
    const resume = resumes ? { since: this.#board.seq, epoch: this.#board.epoch } : {};
    return { type: "hello", v: 1, client, ...(key ? { key } : {}), name, color, ...resume };
  }

  #linkChanged() {
    if (this.#link.state !== "up") {
      this.#own.unsendAll();
      this.session = null;
      this.#presence.end();
    }
    this.#news.note("status");
  }

  /** @param {Message} message */
  #receive(message) {
    if (typeof message.lamport === "number") this.#takeOp(/** @type {any} */ (message));
    else if (Object.hasOwn(this.#handlers, message.type)) this.#handlers[message.type](message);
  }

  /** @type {Record<string, (message: Message) => void>} */
  #handlers = {
    welcome: (message) => this.#welcome(message),
    snapshot: (message) => this.#takeSnapshot(message),
    resync: () => this.#discard(),
    ack: (message) => this.#takeAck(message),
    reject: (message) => this.#takeReject(message),
    error: (message) => this.#takeError(this.#own, message),
    join: (message) => this.#presence.join(message),
    leave: ({ session }) => this.#presence.leave(session),
    cursors: ({ cursors }) => this.#takeCursors(cursors),
    role: ({ role }) => {
      this.#role = role;
      this.#news.note("status");
    },
    drain: ({ reconnect }) => this.#tell("drain", { reconnect }),
  };

  /** @param {Message} message */
  #welcome(message) {
    this.session = message.session;
    this.limits = { ...this.limits, ...message.limits };
    this.#durable = message.durable;
    this.#role = message.role;
    this.#presence.own(message.session);
    this.#presence.begin(message.peers ?? []);
    this.#takeIdentity(message);
    if (!this.#askedSince || message.epoch !== this.#board.epoch) this.#discard();
    if (message.epoch !== this.#board.epoch) this.#beginEpoch(message.epoch);
    this.#flush(this.#own, this.#link);
    this.#carry();
  }

  /** The board was begun again: what was stored before is gone, acked or not. @param {string} epoch */
  #beginEpoch(epoch) {
    Object.assign(this.#board, { epoch, seq: 0 });
    for (const { op } of this.#acked.values()) this.#lift(op);
    this.#acked.clear();
  }

  /** @param {Message} welcome */
  #takeIdentity({ client, key, clock }) {
    if (client !== this.client) {
      this.#store.forget(this.client);
      this.#becomeClient(client, key);
    }
    this.#counter = Math.max(this.#counter, clock?.[client] ?? 0);
    if (key && key !== this.#identity.key) {
      this.#identity.key = this.#own.key = key;
      this.#store.remember(client, key);
      this.#tell("identity", this.identity);
    }
  }

  /**
   * Pending ops go on under another client id, in their order.
   * @param {string} client
   * @param {string|undefined} key
   */
  #becomeClient(client, key) {
    const claimed = this.#rename(this.#own, client, key);
    this.#identity = { ...this.#identity, client, key };
    this.#tell("identity", this.identity);
    return claimed;
  }

  /** @param {Outbox} outbox @param {string} client @param {string|undefined} key @returns {Promise<boolean>} as `claim` */
  #rename(outbox, client, key) {
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

  /** Another tab is this client, as when a tab was duplicated: what it made is its own. */
  async #becomeSomebodyElse() {
    await this.#becomeClient(newClientId(), undefined);
  }

  // --- the log ----------------------------------------------------------------------------------

  #discard() {
    const { epoch, seq } = this.#board;
    this.#isComplete = false;
    this.#cursor = null;
    if (this.#board.size > 0) this.#news.reset();
    this.#board.clear();
    Object.assign(this.#board, { epoch, seq }); // what one has seen stays seen
    this.#overlay.refreshAll();
    this.#news.note("status");
  }

  /** @param {StampedOp & {seq: number}} op */
  #takeOp(op) {
    // Before the first part of a snapshot nobody knows what came before this op: it is merged, and counts for nothing.
    if (this.#cursor !== null) {
      if (op.seq > this.#cursor + 1) return this.#link.restart(`gap before ${op.seq}`);
      this.#advance(op.seq);
    }
    this.#merged(this.#board.apply(op));
    const pending = this.#confirm(op.opId) ?? this.#acked.get(op.opId)?.op;
    this.#acked.delete(op.opId);
    if (pending) this.#lift(pending);
  }

  /** @param {Message} snapshot */
  #takeSnapshot({ seq, part = 1, parts = 1, elements }) {
    this.#advance(seq);
    for (const element of elements) this.#merged(this.#board.join(element));
    if (part < parts) return;
    this.#isComplete = true;
    for (const [opId, acked] of this.#acked) {
      if (acked.seq <= this.#board.seq && this.#acked.delete(opId)) this.#lift(acked.op);
    }
    this.#news.note("status");
  }

  /** @param {number} seq */
  #advance(seq) {
    this.#cursor = this.#board.seq = Math.max(this.#cursor ?? 0, seq);
  }

  /** @param {string|null} id */
  #merged(id) {
    if (id === null) return;
    this.#overlay.refresh(id);
    this.#news.changed(id);
  }

  /** @param {Message} ack */
  #takeAck({ opId, seq }) {
    this.#answered(opId);
    const op = this.#confirm(opId);
    if (!op) return;
    if (this.#isComplete && seq <= this.#board.seq) this.#lift(op);
    else this.#acked.set(opId, { op, seq });
  }

  /** @param {Message} reject */
  #takeReject(reject) {
    const outbox = this.#answered(reject.opId);
    if (!reject.retry) return this.#giveUp(reject);
    if (!outbox?.get(reject.opId)) return;
    outbox.postpone(reject.opId);
    this.#retryLater();
  }

  /** An op will never be stored: off the view with it. @param {Message} reject */
  #giveUp({ opId, code, reason, path }) {
    const op = this.#confirm(opId);
    if (!op) return;
    this.#lift(op);
    this.#tell("rejected", { op, code, reason, path });
  }

  /** Something was refused that has no name: it may have been a whole frame of ops. @param {Outbox} outbox @param {Message} error */
  #takeError(outbox, { code, reason, path }) {
    if (outbox.doubt()) this.#retryLater();
    this.#tell("problem", { code, reason, path });
  }

  /** @param {string} [opId] @returns {Outbox|undefined} whose it is */
  #answered(opId = "") {
    const outbox = this.#outboxes.get(clientOf(opId));
    if (outbox?.answered(opId)) this.#retryLater();
    return outbox;
  }

  // --- journals of tabs that died -----------------------------------------------------------------

  #carry() {
    if (!this.#isStarted) return;
    this.#carrier.next([...this.#outboxes.values()].filter((outbox) => outbox !== this.#own && outbox.size > 0));
  }

  /** @param {Outbox} outbox @param {Link} link @param {Message} message */
  #receiveCarried(outbox, link, message) {
    if (message.type === "ack") this.#takeAck(message);
    if (message.type === "reject") this.#takeReject(message);
    if (message.type === "error") this.#takeError(outbox, message);
    if (message.type !== "welcome") return;
    this.#presence.own(message.session);
    if (message.client !== outbox.client) this.#rename(outbox, message.client, message.key);
    this.#flush(outbox, link);
  }

  /** A dead tab's outbox is empty. @param {Outbox} outbox */
  #carried(outbox) {
    this.#carrier.done(outbox);
    this.#outboxes.delete(outbox.client);
    this.#store.forget(outbox.client);
    this.#store.release(outbox.client);
    this.#carry();
  }

  // --- news for the page ------------------------------------------------------------------------

  /** @param {CursorEntry[]} cursors */
  #takeCursors(cursors) {
    const others = cursors.filter(({ session }) => !this.#presence.isOurs(session));
    if (others.length > 0) this.#tell("cursors", others);
  }

  /** @param {{ids: Set<string>, isReset: boolean, kinds: Set<string>}} news */
  #tellNews({ ids, isReset, kinds }) {
    if (isReset) this.#tell("reset", null);
    else if (ids.size > 0) this.#tell("change", { ids });
    if (kinds.has("peers")) this.#tell("peers", this.peers);
    if (kinds.has("status")) this.#tell("status", this.status);
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
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
