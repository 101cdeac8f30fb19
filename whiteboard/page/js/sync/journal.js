/**
 * What this browser has not got confirmed yet. (Interface first; the body follows.)
 */

/** @typedef {import("./board_sync.js").Identity} Identity */
/** @typedef {{op: import("../core/board.js").StampedOp, epoch: string|null}} JournalEntry */

/**
 * @typedef {object} Journal
 * @property {"disk"|"memory"} kept
 * @property {(entry: JournalEntry) => void} append
 * @property {(opIds: Iterable<string>) => void} remove
 * @property {() => Promise<JournalEntry[]>} all
 */

/**
 * This tab's identity on a board, made on first use; kept in sessionStorage.
 * @param {string} board
 * @param {Storage} [storage]
 * @returns {Identity}
 */
export function loadIdentity(board, storage = sessionStorage) {
  void [board, storage];
  throw new Error("not built yet");
}

/**
 * @param {string} board
 * @param {Identity} identity
 * @param {Storage} [storage]
 */
export function saveIdentity(board, identity, storage = sessionStorage) {
  void [board, identity, storage];
}

/**
 * The journal of a board: IndexedDB, or memory where there is none.
 * @param {string} board
 * @returns {Promise<Journal>}
 */
export async function openJournal(board) {
  void board;
  throw new Error("not built yet");
}
