/**
 * A board's log as far as it is here: ops and snapshots go through this into the confirmed board.
 *
 * Owns how far the log has been followed, whether all up to there is here, and which deleted elements are still
 * remembered. Must not know sockets, pending ops or the page.
 *
 * Theory of operation. `cursor` counts the log without gaps; an op after a gap is not taken. A snapshot merges
 * with whatever comes meanwhile, because merging is commutative; until its last part is here the cursor says
 * how far we have been told, not what we have: `board.seq` moves only when all up to it is here, so it is good
 * to resume from and good to call seen. It outlives `discard`: what one has seen stays seen.
 */

/** @typedef {import("../core/board.js").Board} Board */
/** @typedef {import("../core/board.js").StampedOp} StampedOp */
/** @typedef {import("../core/board.js").ElementState} ElementState */

/**
 * Deleted elements that are kept, the newest: as many as somebody may want back at once. Older ones are
 * forgotten (MRG-16); what brings one of those back carries its state, so it shows with the server's answer.
 */
const GRAVES = 2_000;

/** The confirmed board's way through its log. */
export class Log {
  /** Whether all up to the cursor is here. */
  isComplete = false;
  #board;
  #merged;
  #isPending;
  /** Where the log has been followed to on this board; null until that is known. @type {number|null} */
  #cursor = null;
  /** Ids of elements that were deleted, the oldest first. @type {Set<string>} */
  #graves = new Set();

  /**
   * @param {object} options
   * @param {Board} options.board
   * @param {(id: string) => void} options.merged an element of the board has changed
   * @param {(id: string) => boolean} options.isPending whether ops of ours lie on an element: it is not forgotten
   */
  constructor({ board, merged, isPending }) {
    this.#board = board;
    this.#merged = merged;
    this.#isPending = isPending;
  }

  /** Up to where all is here, or was before `discard`, and of which epoch. @returns {{seq: number, epoch: string|null}} */
  get seen() {
    const { seq, epoch } = this.#board;
    return { seq, epoch };
  }

  /**
   * What the author of an op on an element has seen. Of one that has come with a picture that is still loading,
   * all that the picture covers; of one that has not, nothing newer than the picture before.
   * @param {string} id @returns {number}
   */
  seenOf(id) {
    const hasCome = !this.isComplete && this.#board.get(id) !== undefined;
    return hasCome ? Math.max(this.#board.seq, this.#cursor ?? 0) : this.#board.seq;
  }

  /** @param {StampedOp & {seq: number}} op @returns {boolean} false: ops before it are missing, and it was not taken */
  take(op) {
    // Before the first part of a snapshot nobody knows what came before this op: it is merged, and counts for nothing.
    if (this.#cursor !== null) {
      if (op.seq > this.#cursor + 1) return false;
      if (this.isComplete && op.seq <= this.#cursor) return true; // here already, and perhaps forgotten since
      this.#advance(op.seq);
    }
    this.#changed(this.#board.apply(op));
    if (op.type === "delete" || op.element?.deleted) this.#bury(op.id);
    return true;
  }

  /** @param {{seq: number, part?: number, parts?: number, elements: ElementState[]}} snapshot a part of one */
  join({ seq, part = 1, parts = 1, elements }) {
    this.#advance(seq);
    for (const element of elements) this.#changed(this.#board.join(element));
    if (part < parts) return;
    this.isComplete = true;
    this.#board.seq = this.#cursor ?? seq;
  }

  /** What is here does not count any more; a snapshot follows. */
  discard() {
    const { epoch, seq } = this.#board;
    this.isComplete = false;
    this.#cursor = null;
    this.#graves.clear();
    this.#board.clear();
    Object.assign(this.#board, { epoch, seq });
  }

  /** The board has been begun again: nothing of it has been seen. @param {string} epoch */
  begin(epoch) {
    Object.assign(this.#board, { epoch, seq: 0 });
  }

  /** @param {number} seq */
  #advance(seq) {
    this.#cursor = Math.max(this.#cursor ?? 0, seq);
    if (this.isComplete) this.#board.seq = this.#cursor;
  }

  /** @param {string|null} id */
  #changed(id) {
    if (id !== null) this.#merged(id);
  }

  /** @param {string} id */
  #bury(id) {
    this.#graves.delete(id);
    this.#graves.add(id);
    for (const oldest of this.#graves) {
      if (this.#graves.size <= GRAVES) break;
      if (!this.#isPending(oldest)) this.#forget(oldest);
    }
  }

  /** It may have been brought back meanwhile. @param {string} id */
  #forget(id) {
    this.#graves.delete(id);
    if (this.#board.state(id)?.deleted) this.#board.forget(id);
  }
}
