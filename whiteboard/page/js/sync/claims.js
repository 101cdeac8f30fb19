/**
 * Which client ids this tab holds, so that two tabs are not one client and do not send one journal.
 *
 * Owns the talk between tabs about that. Must not know journals: whoever relies on a claim must bear that it
 * may be wrong.
 *
 * Theory of operation. Web Locks decide where the page is a secure context. Elsewhere, as at
 * http://192.168.0.5, the other tabs are asked over a BroadcastChannel, and silence is consent. Of several that
 * ask at once the lowest ticket gets it: each refuses those above its own and gives way to one below. A tab that
 * is frozen, or busy for longer than a question lasts, does not answer, so a claim may be granted that is held:
 * a journal is then read and sent twice, which the server undoes by op id.
 */

/**
 * @typedef {object} ClaimTools
 * @property {LockManager} [locks]
 * @property {(name: string) => BroadcastChannel} [channel]
 * @property {() => number} [random] 0 <= value < 1
 */
/** @typedef {{ask?: string, ticket?: number, held?: string, to?: number}} ClaimMessage `to`: the ticket that is refused */

/** Other tabs answer a question over a BroadcastChannel in a few milliseconds, busy ones in more. */
const ANSWER_MS = 80;

/** The claims of one tab on one board. */
export class Claims {
  #scope;
  #locks;
  #random;
  /** @type {BroadcastChannel|undefined} */
  #channel;
  /** How to let go, by client. @type {Map<string, () => void>} */
  #held = new Map();
  /** Asked for over the channel, and not decided yet. @type {Map<string, {ticket: number, giveWay: () => void}>} */
  #asking = new Map();

  /**
   * @param {string} board
   * @param {ClaimTools} tools
   */
  constructor(board, { locks, channel, random = Math.random }) {
    this.#scope = `whiteboard:${board}`;
    this.#locks = locks;
    this.#random = random;
    if (locks || !channel) return;
    this.#channel = channel(this.#scope);
    this.#channel.onmessage = (event) => this.#hear(event.data);
  }

  /**
   * @param {string} client
   * @param {number} [waitMs] how long to wait for a holder that is going away
   * @returns {Promise<boolean>}
   */
  async claim(client, waitMs = 0) {
    if (this.#held.has(client)) return true;
    if (this.#locks) return this.#lock(this.#locks, client, waitMs);
    if (this.#channel) return this.#ask(this.#channel, client);
    this.#held.set(client, () => {});
    return true;
  }

  /** @param {string} client */
  holds(client) {
    return this.#held.has(client);
  }

  /** @param {string} client */
  release(client) {
    this.#held.get(client)?.();
    this.#held.delete(client);
  }

  /**
   * @param {LockManager} locks
   * @param {string} client
   * @param {number} waitMs
   * @returns {Promise<boolean>}
   */
  #lock(locks, client, waitMs) {
    const options = waitMs > 0 ? { signal: AbortSignal.timeout(waitMs) } : { ifAvailable: true };
    return new Promise((resolve) => {
      const hold = (/** @type {Lock|null} */ lock) => (lock ? this.#hold(client, resolve) : resolve(false));
      locks.request(`${this.#scope}:${client}`, options, hold).catch(() => resolve(false));
    });
  }

  /**
   * Keeps a lock until `release`.
   * @param {string} client
   * @param {(held: boolean) => void} tell
   * @returns {Promise<void>}
   */
  #hold(client, tell) {
    return new Promise((release) => {
      this.#held.set(client, release);
      tell(true);
    });
  }

  /**
   * @param {BroadcastChannel} channel
   * @param {string} client
   * @returns {Promise<boolean>}
   */
  async #ask(channel, client) {
    if (this.#asking.has(client)) return false;
    const ticket = 1 + this.#random();
    const isGranted = await new Promise((resolve) => {
      this.#asking.set(client, { ticket, giveWay: () => resolve(false) });
      channel.postMessage({ ask: client, ticket });
      setTimeout(() => resolve(true), ANSWER_MS);
    });
    this.#asking.delete(client);
    if (isGranted) this.#held.set(client, () => {});
    return isGranted;
  }

  /** @param {ClaimMessage} message */
  #hear({ ask, ticket = Infinity, held, to }) {
    if (held !== undefined) this.#refused(held, to);
    if (ask === undefined) return;
    const mine = this.#asking.get(ask);
    if (this.#held.has(ask) || (mine && mine.ticket < ticket)) this.#channel?.postMessage({ held: ask, to: ticket });
    else mine?.giveWay();
  }

  /** @param {string} client @param {number} [ticket] whose question was answered; a page of before says none */
  #refused(client, ticket) {
    const mine = this.#asking.get(client);
    if (ticket === undefined || ticket === mine?.ticket) mine?.giveWay();
  }
}
