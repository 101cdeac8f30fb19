/**
 * Who this tab is on a board: a client id, what claims it, and how one is called.
 *
 * Owns where that is kept between two lives of a tab: its session storage, which a reload and a restored
 * window find again, and a tab beside it does not. Must not know sockets or journals.
 */

/**
 * Who this tab is. `key` is the secret that claims `client` again; the server gives it. `counter` is at least
 * the highest counter that an op of `client` has had: it lives and dies with the client id.
 * @typedef {{client: string, key?: string, name: string, color: string, counter?: number}} Identity
 */

/**
 * This tab's identity on a board, made on first use.
 * @param {string} board what names the board in this origin: its id, or the socket's path
 * @param {{name?: string, color?: string}} [person] for a new identity
 * @param {Pick<Storage, "getItem"|"setItem">} [storage] one per tab
 * @returns {Identity}
 */
export function loadIdentity(board, person = {}, storage = sessionStorage) {
  const fresh = { client: newClientId(), name: person.name ?? "", color: person.color ?? "" };
  try {
    const kept = JSON.parse(storage.getItem(identityKey(board)) ?? "null");
    if (kept && typeof kept.client === "string") return { ...fresh, ...kept };
  } catch {
    // blocked or mangled storage: this tab is somebody new
  }
  saveIdentity(board, fresh, storage);
  return fresh;
}

/**
 * To be called with each `identity` event of the sync.
 * @param {string} board
 * @param {Identity} identity
 * @param {Pick<Storage, "setItem">} [storage]
 */
export function saveIdentity(board, identity, storage = sessionStorage) {
  try {
    storage.setItem(identityKey(board), JSON.stringify(identity));
  } catch {
    // a full or blocked storage costs the identity on reload, not the drawing
  }
}

/** A client id that nobody has: 80 random bits. @returns {string} */
export function newClientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return "c-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} board */
function identityKey(board) {
  return `whiteboard.identity:${board}`;
}
