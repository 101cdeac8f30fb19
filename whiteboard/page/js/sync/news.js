/**
 * What the page is told of a board, gathered: each kind at most once per task.
 *
 * Owns what has not been told yet. Must not know why anything has changed.
 */

/** Gathers news and hands them over in a microtask. */
export class News {
  /** @type {Set<string>} */
  #ids = new Set();
  #isReset = false;
  /** @type {Set<string>} */
  #kinds = new Set();
  #isDue = false;
  #tell;

  /** @param {(news: {ids: Set<string>, isReset: boolean, kinds: Set<string>}) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** An element looks otherwise. @param {string} id */
  changed(id) {
    this.#ids.add(id);
    this.#tellSoon();
  }

  /** Any element may look otherwise. */
  reset() {
    this.#isReset = true;
    this.#tellSoon();
  }

  /** Something else has changed. @param {"status"|"peers"} kind */
  note(kind) {
    this.#kinds.add(kind);
    this.#tellSoon();
  }

  #tellSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.#hand());
  }

  #hand() {
    const news = { ids: this.#ids, isReset: this.#isReset, kinds: this.#kinds };
    this.#ids = new Set();
    this.#kinds = new Set();
    this.#isReset = this.#isDue = false;
    this.#tell(news);
  }
}
