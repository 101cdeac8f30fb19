/**
 * Keeping a board in step with its server: what one draws is seen at once, sent once, lost never.
 *
 * Owns the session: who we are, what is said and heard in it, and what the page is told of all that. The
 * pending ops and their fate are `Pending`'s, the confirmed board is `Log`'s. Must not know how things are drawn.
 *
 * Theory of operation. Ops made here go on top of the view at once (`Overlay`), into the journal, and
 * into the outbox, which is sent whenever a link is up, again after each reconnect, with the same op
 * ids: the server stores an op id once. An ack takes the op out of journal and outbox; the echo, which
 * carries the server's stamp, takes it off the overlay. What the server refuses for now, or passes over
 * without an answer, is sent again after a delay. At a gap in the log the link is made anew and asks for
 * what is missing. Each op says what its author had seen: up to where all was here, in this picture or the one
 * before, never what is still loading. Journals of tabs that died are sent by a `Carrier`, under the client id
 * that made them, while their ops lie on this view like our own.
 */

import { Overlay } from "../core/overlay.js";
import { Carrier } from "./carrier.js";
import { newClientId } from "./identity.js";
import { MemoryJournal } from "./journal.js";
import { BROWSER_CLOCK, Link, browserPage } from "./link.js";
import { Log } from "./log.js";
import { News } from "./news.js";
import { Outbox } from "./outbox.js";
import { Pending } from "./pending.js";
import { Presence } from "./presence.js";
import { splitPoints } from "./split.js";

/** @typedef {import("../core/board.js").Board} Board */
/** @typedef {import("../core/board.js").ElementView} ElementView */
/** @typedef {import("../core/board.js").StampedOp} StampedOp */
/** @typedef {import("./identity.js").Identity} Identity */
/** @typedef {import("./journal.js").Journal} Journal */
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
/** @typedef {import("./pending.js").Rejection} Rejection */
/** @typedef {{get(id: string): ElementView|undefined, drawOrder(): readonly string[], isPending(id: string): boolean}} View */

/** A tab that dies lets go of its journal a moment later, or days later: look now and then. */
const ADOPT_MS = 30_000;
/** What every server takes, until its `welcome` says what this one takes. */
const LIMITS = { frameBytes: 1024 * 1024, batch: 2_000, pointsPerOp: 5_000 };
/** Counters put down as used at a time, so that a tab writes its identity once a minute of drawing and not with each op. */
const RESERVED_COUNTERS = 60_000;

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
  #pending;
  #carrier;
  #log;
  /** The highest counter of ours so far. @type {number} */
  #counter;
  #askedSince = false;
  #isStarted = false;
  /** Whether the journal of an earlier life of this tab has been read. */
  #isTakenUp = false;
  /** @type {string|null} */
  #role = null;
  /** @type {Status["durable"]} */
  #durable = null;
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
    this.#log = new Log({ board, merged: (id) => this.#merged(id), isPending: (id) => this.#overlay.isPending(id) });
    this.#counter = Number.isSafeInteger(identity.counter) ? Number(identity.counter) : 0;
    this.#identity = { ...identity, counter: this.#counter };
    this.#store = store;
    store.watch(() => this.#news.note("status"));
    store.remember(identity.client, identity.key);
    this.#clock = clock;
    const open = socket ?? ((address) => new WebSocket(address));
    this.#newLink = (/** @type {import("./link.js").Handlers} */ handlers) => new Link({ url, socket: open, clock, page, handlers });
    this.#link = this.#newLink({
      hello: () => this.#hello(this.#pending.own, (this.#askedSince = this.#log.isComplete)),
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
    const own = new Outbox(identity.client, identity.key);
    this.#pending = new Pending({ own, overlay: this.#overlay, store, clock, listener: this.#pendingListener() });
  }

  /** @returns {import("./pending.js").Listener} */
  #pendingListener() {
    return {
      changed: (id) => this.#news.changed(id),
      counted: () => this.#news.note("status"),
      rejected: (rejection) => this.#tell("rejected", rejection),
      emptied: (outbox) => this.#carried(outbox),
      due: () => this.#flushAll(),
    };
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
      pending: this.#pending.size,
      loading: !this.#log.isComplete,
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
      await this.#takeUpJournals();
    }
    if (this.#isStarted) this.#link.start();
  }

  /** Disconnect. What is pending stays in the journal, and may be taken up by another tab. */
  stop() {
    this.#isStarted = false;
    this.#clock.clearTimeout(this.#adoptTimer);
    this.#pending.stop();
    this.#presence.stop();
    this.#link.stop();
    this.#carrier.stop();
    for (const client of this.#pending.clients()) this.#store.release(client);
  }

  /** Connect now, also after `closed`. */
  retry() {
    this.#link.start();
  }

  /** Take up what this tab has left in an earlier life, and journals that nobody holds; once more from time to time. */
  async #takeUpJournals() {
    this.#clock.clearTimeout(this.#adoptTimer);
    this.#adoptTimer = this.#clock.setTimeout(() => this.#takeUpJournals(), ADOPT_MS);
    if (!this.#isTakenUp) await this.#takeUpOwn();
    await this.#adoptOrphans();
    this.#flushAll();
  }

  /** A journal that cannot be read now may be later: that it is empty is known when it has been read. */
  async #takeUpOwn() {
    const entries = await this.#store.all(this.client);
    if (entries === null) return;
    this.#isTakenUp = true;
    this.#pending.takeUp(this.#pending.own, entries);
    this.#counter = Math.max(this.#counter, this.#pending.own.highest);
  }

  async #adoptOrphans() {
    for (const orphan of await this.#store.orphans()) {
      if (!this.#isStarted) this.#store.release(orphan.client); // stopped meanwhile
      else if (!this.#pending.has(orphan.client)) this.#pending.adopt(orphan);
    }
    if (this.#link.state === "up") this.#carry();
  }

  // --- what the page does -----------------------------------------------------------------------

  /**
   * Apply an op at once, keep it, and send it when there is a link. Ops arrive in this order.
   * @param {LocalOp} op must not be changed afterwards; with more points than an op may have it goes out as several
   * @returns {string} its op id, the first one's of several
   */
  submit(op) {
    const [opId] = splitPoints(op, this.limits.pointsPerOp).map((part) => this.#add(part));
    this.#flushSoon();
    return opId;
  }

  /** @param {LocalOp} op @returns {string} its op id */
  #add(op) {
    const opId = `${this.client}:${this.#count()}`;
    const entry = { op: { ...op, opId, seen: this.#log.seenOf(op.id), ts: this.#clock.now() }, epoch: this.#log.seen.epoch };
    this.#pending.add(entry);
    return opId;
  }

  /**
   * The next counter: never one that was used before, though an acked op leaves no trace here. The clock is
   * ahead of them all unless it was set back; the identity, which is kept with the client id, knows them even then.
   */
  #count() {
    this.#counter = Math.max(this.#counter + 1, Math.floor(this.#clock.now()));
    if (this.#counter > this.#identity.counter) {
      this.#identity.counter = this.#counter + RESERVED_COUNTERS;
      this.#tell("identity", this.identity);
    }
    return this.#counter;
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

  #flushSoon() {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#flush(this.#pending.own, this.#link);
    });
  }

  #flushAll() {
    this.#flush(this.#pending.own, this.#link);
    this.#carrier.flush((outbox, link) => this.#flush(outbox, link));
  }

  /** @param {Outbox} outbox @param {Link} link */
  #flush(outbox, link) {
    this.#pending.flush(outbox, link, this.#board.epoch, { ...LIMITS, ...this.limits });
  }

  // --- the session ------------------------------------------------------------------------------

  /** @param {Outbox} outbox whose client we are on this link @param {boolean} resumes @returns {Message} */
  #hello({ client, key }, resumes) {
    const { name, color } = this.#identity;
    const resume = resumes ? { since: this.#board.seq, epoch: this.#board.epoch } : {};
    return { type: "hello", v: 1, client, ...(key ? { key } : {}), name, color, compact: true, ...resume };
  }

  #linkChanged() {
    if (this.#link.state !== "up") {
      this.#pending.own.unsendAll();
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
    reject: (message) => this.#pending.rejected(message),
    error: (message) => this.#takeError(this.#pending.own, message),
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
    if (message.epoch !== this.#board.epoch) {
      this.#log.begin(message.epoch);
      this.#pending.epochEnded();
    }
    this.#flush(this.#pending.own, this.#link);
    this.#carry();
  }

  /** @param {Message} welcome */
  #takeIdentity({ client, key, clock }) {
    if (client !== this.client) this.#becomeClient(client, key);
    this.#counter = Math.max(this.#counter, clock?.[client] ?? 0);
    if (key && key !== this.#identity.key) {
      this.#identity.key = this.#pending.own.key = key;
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
    const claimed = this.#pending.rename(this.#pending.own, client, key);
    this.#identity = { ...this.#identity, client, key };
    this.#tell("identity", this.identity);
    return claimed;
  }

  /** Another tab is this client, as when a tab was duplicated: what it made is its own. */
  async #becomeSomebodyElse() {
    await this.#becomeClient(newClientId(), undefined);
  }

  // --- the log ----------------------------------------------------------------------------------

  #discard() {
    if (this.#board.size > 0) this.#news.reset();
    this.#log.discard();
    this.#overlay.refreshAll();
    this.#news.note("status");
  }

  /** @param {StampedOp & {seq: number}} op */
  #takeOp(op) {
    if (!this.#log.take(op)) return this.#link.restart(`gap before ${op.seq}`);
    this.#pending.echoed(op.opId);
  }

  /** @param {Message} snapshot */
  #takeSnapshot(snapshot) {
    this.#log.join(/** @type {any} */ (snapshot));
    if (!this.#log.isComplete) return;
    this.#pending.covered(this.#log.seen.seq);
    this.#news.note("status");
  }

  /** @param {string} id */
  #merged(id) {
    this.#overlay.refresh(id);
    this.#news.changed(id);
  }

  /** @param {Message} ack */
  #takeAck(ack) {
    this.#pending.acked(ack, this.#log.isComplete ? this.#log.seen.seq : 0);
  }

  /** @param {Outbox} outbox whose link it came on @param {Message} error */
  #takeError(outbox, { code, reason, path }) {
    this.#pending.doubted(outbox);
    this.#tell("problem", { code, reason, path });
  }

  // --- journals of tabs that died -----------------------------------------------------------------

  #carry() {
    if (this.#isStarted) this.#carrier.next(this.#pending.orphans());
  }

  /** @param {Outbox} outbox @param {Link} link @param {Message} message */
  #receiveCarried(outbox, link, message) {
    if (message.type === "ack") this.#takeAck(message);
    if (message.type === "reject") this.#pending.rejected(message);
    if (message.type === "error") this.#takeError(outbox, message);
    if (message.type !== "welcome") return;
    this.#presence.own(message.session);
    if (message.client !== outbox.client) this.#pending.rename(outbox, message.client, message.key);
    this.#flush(outbox, link);
  }

  /** A dead tab's outbox is empty. @param {Outbox} outbox */
  #carried(outbox) {
    this.#carrier.done(outbox);
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
