/**
 * Keeping a board in step with its server. (Interface first; the body follows.)
 */

/** @typedef {import("../core/board.js").Board} Board */
/** @typedef {import("../core/board.js").ElementView} ElementView */
/** @typedef {{client: string, key?: string, name: string, color: string}} Identity */
/** @typedef {{client: string, name: string, color: string}} Peer */
/** @typedef {{type: string, id: string, [field: string]: unknown}} LocalOp an op as the page makes it, without opId */
/**
 * @typedef {object} Status
 * @property {"connecting"|"online"|"offline"|"closed"} state
 * @property {number} pending ops made here that no server has confirmed
 * @property {boolean} loading the first picture is still on its way
 * @property {"memory"|"disk"|"stream"|null} durable what an ack of this server means
 * @property {"disk"|"memory"} kept where pending ops live in this browser: do they survive a reload
 * @property {string|null} role "owner", "editor" or "viewer"
 * @property {string|null} reason why it is closed or offline
 * @property {number|null} code the close code behind the reason
 */
/** @typedef {{session: string, x?: number, y?: number, laser?: [number, number][], follow?: string}} CursorEntry */
/** @typedef {{op: LocalOp & {opId: string}, code: string, reason: string, path?: string}} Rejection */
/** @typedef {{get(id: string): ElementView|undefined, drawOrder(): readonly string[], isPending(id: string): boolean}} View */

/**
 * Events (CustomEvent): `change` {ids: Set<string>} · `reset` · `status` Status · `peers` Map · `cursors` CursorEntry[] ·
 * `rejected` Rejection · `identity` Identity (to be persisted) · `drain` {reconnect: [number, number]}
 */
export class BoardSync extends EventTarget {
  /**
   * @param {object} options
   * @param {string} options.url ws(s)://…/ws/{board}
   * @param {Board} options.board confirmed state; belongs to the sync from now on
   * @param {Identity} options.identity as `loadIdentity` of journal.js gives it
   * @param {import("./journal.js").Journal} [options.store] default: in memory
   * @param {(url: string) => WebSocket} [options.socket]
   */
  constructor(options) {
    super();
    void options;
    /** @type {View} */
    this.view = /** @type {any} */ (null);
    /** Others who are here, by session. @type {Map<string, Peer>} */
    this.peers = new Map();
    /** @type {Status} */
    this.status = { state: "offline", pending: 0, loading: true, durable: null, kept: "memory", role: null, reason: null, code: null };
    /** @type {string|null} */
    this.session = null;
    /** @type {string} */
    this.client = options.identity.client;
  }

  async start() {}

  stop() {}

  /** Apply at once, keep, send. @param {LocalOp} op @returns {string} its op id */
  submit(op) {
    return String(op.id);
  }

  /** @param {number} x @param {number} y board units */
  sendCursor(x, y) {
    void [x, y];
  }

  /** @param {[number, number][]} points newest last; empty ends it */
  sendLaser(points) {
    void points;
  }

  /** @param {string|null} session */
  sendFollow(session) {
    void session;
  }

  /** @param {string} name @param {string} color */
  rename(name, color) {
    void [name, color];
  }
}
