/**
 * Who else is here, and how often we say where we are.
 *
 * Owns the peers of the session that is up and the throttle of our own pointer. Presence is never
 * stored and never confirmed: what cannot be sent now is not sent. Must not know ops.
 */

/** @typedef {import("./link.js").Message} Message */
/** @typedef {import("./link.js").Clock} Clock */
/** @typedef {{client: string, name: string, color: string}} Peer */

/** About 30 a second: more is not seen, less stutters. */
const CURSOR_MS = 33;

/** The presence half of a session. */
export class Presence {
  /** Others who are here, by session. @type {Map<string, Peer>} */
  peers = new Map();
  /** Sessions of this very tab, which are no peers. @type {Set<string>} */
  #ours = new Set();
  /** @type {{x: number, y: number}|null} */
  #pointer = null;
  /** @type {unknown} */
  #timer = null;
  #clock;
  #send;
  #changed;

  /**
   * @param {object} options
   * @param {Clock} options.clock
   * @param {(message: Message) => void} options.send
   * @param {() => void} options.changed called when `peers` has changed
   */
  constructor({ clock, send, changed }) {
    this.#clock = clock;
    this.#send = send;
    this.#changed = changed;
  }

  /** @param {(Peer & {session: string})[]} peers */
  begin(peers) {
    this.peers.clear();
    for (const peer of peers) this.join(peer);
    this.#changed();
  }

  /** The session is over: nobody is here. */
  end() {
    if (this.peers.size > 0) this.begin([]);
  }

  /** Somebody came, or changed name or colour. @param {any} peer */
  join({ session, client, name, color }) {
    if (this.#ours.has(session)) return;
    this.peers.set(session, { client, name, color });
    this.#changed();
  }

  /** @param {string} session */
  leave(session) {
    if (this.peers.delete(session)) this.#changed();
  }

  /** A session is this tab's own. @param {string} session */
  own(session) {
    this.#ours.add(session);
    this.leave(session);
  }

  /** @param {string} session */
  isOurs(session) {
    return this.#ours.has(session);
  }

  /**
   * Our pointer; at most one message every 33 ms, the newest wins.
   * @param {number} x
   * @param {number} y
   */
  point(x, y) {
    this.#pointer = { x, y };
    if (this.#timer === null) this.#flush();
  }

  /** Sent when somebody is here to see it. @param {Message} message */
  say(message) {
    if (this.peers.size > 0) this.#send(message);
  }

  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#pointer = null;
  }

  #flush() {
    const pointer = this.#pointer;
    this.#pointer = null;
    this.#timer = pointer && this.#clock.setTimeout(() => this.#flush(), CURSOR_MS);
    if (pointer) this.say({ type: "cursor", ...pointer });
  }
}
