/**
 * Sends what tabs that died have left behind: one outbox at a time, on a link of its own, under the client
 * id that made it.
 *
 * Owns that link and whose turn it is. What answers mean for an op is the sync's; must not know journals.
 * An outbox that the server will not have (its link is `closed`) makes room for the next and keeps its ops;
 * `next` comes back to it.
 */

/** @typedef {import("./link.js").Handlers} Handlers */
/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./link.js").Message} Message */
/** @typedef {import("./outbox.js").Outbox} Outbox */

/** The link that is free for any dead tab's outbox. */
export class Carrier {
  /** @type {Outbox|null} */
  #outbox = null;
  /** @type {Link|null} */
  #link = null;
  /** Turned away since all others were tried. @type {Set<Outbox>} */
  #refused = new Set();
  #open;
  #hello;
  #receive;

  /**
   * @param {object} options
   * @param {(handlers: Handlers) => Link} options.open a new link, not started
   * @param {(outbox: Outbox) => Message} options.hello
   * @param {(outbox: Outbox, link: Link, message: Message) => void} options.receive
   */
  constructor({ open, hello, receive }) {
    this.#open = open;
    this.#hello = hello;
    this.#receive = receive;
  }

  /** Take up the next outbox, if none is under way. @param {Outbox[]} outboxes of dead tabs, with ops in them */
  next(outboxes) {
    if (this.#outbox || outboxes.length === 0) return;
    const untried = outboxes.filter((outbox) => !this.#refused.has(outbox));
    if (untried.length === 0) this.#refused.clear();
    this.#carry(untried[0] ?? outboxes[0]);
  }

  /** Send what is due in the outbox under way. @param {(outbox: Outbox, link: Link) => void} flush */
  flush(flush) {
    if (this.#outbox && this.#link) flush(this.#outbox, this.#link);
  }

  /** An outbox is empty: its link is not needed any more. @param {Outbox} outbox */
  done(outbox) {
    this.#refused.delete(outbox);
    if (this.#outbox === outbox) this.stop();
  }

  /** Put down what is under way. */
  stop() {
    const link = this.#link;
    this.#outbox = this.#link = null;
    link?.stop();
  }

  /** @param {Outbox} outbox */
  #carry(outbox) {
    const link = this.#open({
      hello: () => this.#hello(outbox),
      message: (message) => this.#receive(outbox, link, message),
      state: () => this.#changed(outbox, link),
    });
    this.#outbox = outbox;
    this.#link = link;
    link.start();
  }

  /** @param {Outbox} outbox @param {Link} link */
  #changed(outbox, link) {
    if (link.state !== "up") outbox.unsendAll();
    if (link.state !== "closed" || this.#link !== link) return;
    this.#refused.add(outbox);
    this.stop();
  }
}
