/**
 * What this browser has made and no server has confirmed: kept so that a reload or crash loses no ink.
 *
 * Owns the identity of this tab on a board, the journal of its ops (IndexedDB, or memory where there
 * is none), and the claims that keep two tabs from being one client or sending one journal at the
 * same time. Must not know sockets or the merge.
 *
 * Theory of operation. Each tab is a client of its own, with a journal under (board, client). A live
 * tab holds a claim on its client id; the browser lets go of it when the tab dies. A journal with ops
 * whose claim is free is an orphan: any tab on the board may claim it and send it, under the client
 * id and key that made it, so that an op that was stored before the crash is known by its op id.
 */

import { parseOpId } from "../core/stamps.js";

/** @typedef {import("../core/board.js").StampedOp} StampedOp */

/**
 * Who this tab is. `key` is the secret that claims `client` again; the server gives it.
 * @typedef {{client: string, key?: string, name: string, color: string}} Identity
 */

/**
 * An op with what its author had seen (`op.seen`) and of which epoch; `op` has its opId and ts.
 * @typedef {{op: StampedOp & {seen: number}, epoch: string|null}} JournalEntry
 */

/** @typedef {{client: string, key?: string, entries: JournalEntry[]}} Orphan */

/**
 * None of these rejects: a journal that fails says so in `kept`, and has nothing to give.
 * @typedef {object} Journal
 * @property {"disk"|"memory"} kept whether the entries survive a reload
 * @property {(client: string) => Promise<boolean>} claim be this client, if no other tab is
 * @property {(client: string) => void} release
 * @property {(client: string) => Promise<JournalEntry[]>} all entries in the order they were made
 * @property {() => Promise<Orphan[]>} orphans journals that nobody holds, claimed by this call
 * @property {(entry: JournalEntry) => void} append
 * @property {(opIds: Iterable<string>) => void} remove
 * @property {(client: string, key: string|undefined) => void} remember the key that claims a client
 * @property {(client: string) => void} forget a client whose journal is empty
 * @property {() => Promise<void>} settled everything asked for so far is written, as far as it can be
 */

/** @typedef {{locks?: LockManager, channel?: (name: string) => BroadcastChannel}} ClaimTools */

const DATABASE = "whiteboard";
const OPS = "ops";
const CLIENTS = "clients";
/** A reload may find the page before it still being torn down. */
const CLAIM_WAIT_MS = 600;
/** Other tabs answer a question over a BroadcastChannel in a few milliseconds, busy ones in more. */
const ANSWER_MS = 80;
/** A database that does not open by then is as good as none: drawing must not wait for it. */
const OPEN_MS = 3_000;

// --- identity ---------------------------------------------------------------------------------------

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

// --- claims -----------------------------------------------------------------------------------------

/**
 * Which client ids this tab holds. Web Locks where the page is a secure context; otherwise the other
 * tabs are asked. A frozen tab does not answer: its journal may then be sent twice, which the server
 * undoes by op id.
 */
export class Claims {
  #scope;
  #locks;
  /** @type {BroadcastChannel|undefined} */
  #channel;
  /** Held or asked for, with the ticket that decides between two who ask at once. @type {Map<string, {ticket: number, release: () => void}>} */
  #held = new Map();
  /** @type {Map<string, () => void>} */
  #asking = new Map();

  /**
   * @param {string} board
   * @param {ClaimTools} tools
   */
  constructor(board, { locks, channel }) {
    this.#scope = `whiteboard:${board}`;
    this.#locks = locks;
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
    this.#held.set(client, { ticket: 0, release: () => {} });
    return true;
  }

  /** @param {string} client */
  holds(client) {
    return this.#held.has(client);
  }

  /** @param {string} client */
  release(client) {
    this.#held.get(client)?.release();
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
      this.#held.set(client, { ticket: 0, release });
      tell(true);
    });
  }

  /**
   * @param {BroadcastChannel} channel
   * @param {string} client
   * @returns {Promise<boolean>}
   */
  async #ask(channel, client) {
    const ticket = 1 + Math.random();
    this.#held.set(client, { ticket, release: () => {} });
    const refused = await new Promise((resolve) => {
      this.#asking.set(client, () => resolve(true));
      channel.postMessage({ ask: client, ticket });
      setTimeout(() => resolve(false), ANSWER_MS);
    });
    this.#asking.delete(client);
    if (refused) this.#held.delete(client);
    else this.#held.set(client, { ticket: 0, release: () => {} });
    return !refused;
  }

  /** @param {{ask?: string, ticket?: number, held?: string}} message */
  #hear(message) {
    if (message.held !== undefined) this.#asking.get(message.held)?.();
    const mine = message.ask === undefined ? undefined : this.#held.get(message.ask);
    if (mine && mine.ticket < (message.ticket ?? 0)) this.#channel?.postMessage({ held: message.ask });
  }
}

// --- journals ---------------------------------------------------------------------------------------

/**
 * The journal of a board: in IndexedDB, or in memory where that is missing or refuses.
 * @param {string} board as for `loadIdentity`
 * @param {{indexedDB?: IDBFactory} & ClaimTools} [tools] default: what this browser has
 * @returns {Promise<Journal>}
 */
export async function openJournal(board, tools = browserTools()) {
  const claims = new Claims(board, tools);
  try {
    if (tools.indexedDB) return new DiskJournal(board, claims, await openDatabase(tools.indexedDB));
  } catch {
    // private windows and full disks refuse to open; drawing goes on, and `kept` says so
  }
  return new MemoryJournal(claims);
}

/** @returns {{indexedDB?: IDBFactory} & ClaimTools} */
function browserTools() {
  return {
    indexedDB: globalThis.indexedDB,
    locks: globalThis.navigator?.locks,
    channel: globalThis.BroadcastChannel && ((name) => new BroadcastChannel(name)),
  };
}

/**
 * Entries that live as long as the page.
 * @implements {Journal}
 */
export class MemoryJournal {
  /** @type {"disk"|"memory"} */
  kept = "memory";
  #claims;
  /** @type {Map<string, JournalEntry>} */
  #entries = new Map();

  /** @param {Claims} [claims] */
  constructor(claims = new Claims("", {})) {
    this.#claims = claims;
  }

  /** @param {string} client */
  claim(client) {
    return this.#claims.claim(client, CLAIM_WAIT_MS);
  }

  /** @param {string} client */
  release(client) {
    this.#claims.release(client);
  }

  /** @param {string} client */
  async all(client) {
    const own = [...this.#entries.values()].filter(({ op }) => parseOpId(op.opId).client === client);
    return own.sort(byCounter);
  }

  /** @returns {Promise<Orphan[]>} */
  async orphans() {
    return [];
  }

  /** @param {JournalEntry} entry */
  append(entry) {
    this.#entries.set(entry.op.opId, entry);
  }

  /** @param {Iterable<string>} opIds */
  remove(opIds) {
    for (const opId of opIds) this.#entries.delete(opId);
  }

  remember() {}

  forget() {}

  async settled() {}
}

/** @typedef {(transaction: IDBTransaction) => void} Write */

/**
 * Entries in IndexedDB. Writes asked for in one task go out in one transaction, in order.
 * @implements {Journal}
 */
class DiskJournal {
  /** @type {"disk"|"memory"} */
  kept = "disk";
  #board;
  #claims;
  #database;
  /** @type {Write[]} */
  #writes = [];
  /** @type {Promise<void>} */
  #written = Promise.resolve();

  /**
   * @param {string} board
   * @param {Claims} claims
   * @param {IDBDatabase} database
   */
  constructor(board, claims, database) {
    this.#board = board;
    this.#claims = claims;
    this.#database = database;
    database.onversionchange = () => database.close(); // a newer page wants to change the tables
  }

  /** @param {string} client */
  claim(client) {
    return this.#claims.claim(client, CLAIM_WAIT_MS);
  }

  /** @param {string} client */
  release(client) {
    this.#claims.release(client);
  }

  /**
   * @param {string} client
   * @returns {Promise<JournalEntry[]>}
   */
  async all(client) {
    await this.settled();
    return this.#read(OPS, this.#rangeOf(client));
  }

  /** @returns {Promise<Orphan[]>} */
  async orphans() {
    await this.settled();
    const found = [];
    for (const { client, key } of await this.#read(CLIENTS, IDBKeyRange.bound([this.#board], [this.#board, []]))) {
      const orphan = await this.#adopt(client, key);
      if (orphan) found.push(orphan);
    }
    return found;
  }

  /** @param {JournalEntry} entry */
  append(entry) {
    const { client, counter } = parseOpId(entry.op.opId);
    const row = { board: this.#board, client, counter, op: entry.op, epoch: entry.epoch };
    this.#write((transaction) => transaction.objectStore(OPS).put(row));
  }

  /** @param {Iterable<string>} opIds */
  remove(opIds) {
    for (const opId of opIds) {
      const { client, counter } = parseOpId(opId);
      this.#write((transaction) => transaction.objectStore(OPS).delete([this.#board, client, counter]));
    }
  }

  /**
   * @param {string} client
   * @param {string|undefined} key
   */
  remember(client, key) {
    const row = { board: this.#board, client, key };
    this.#write((transaction) => transaction.objectStore(CLIENTS).put(row));
  }

  /** @param {string} client */
  forget(client) {
    this.#write((transaction) => transaction.objectStore(CLIENTS).delete([this.#board, client]));
  }

  async settled() {
    if (this.#writes.length > 0) await Promise.resolve();
    await this.#written;
  }

  /**
   * @param {string} client
   * @param {string|undefined} key
   * @returns {Promise<Orphan|null>}
   */
  async #adopt(client, key) {
    if (this.#claims.holds(client) || !(await this.#claims.claim(client))) return null;
    const entries = await this.all(client);
    if (entries.length > 0) return { client, key, entries };
    this.forget(client);
    this.release(client);
    return null;
  }

  /** @param {string} table @param {IDBKeyRange} range @returns {Promise<any[]>} */
  async #read(table, range) {
    try {
      return await answer(this.#database.transaction(table).objectStore(table).getAll(range));
    } catch {
      this.kept = "memory";
      return [];
    }
  }

  /** @param {Write} write */
  #write(write) {
    if (this.#writes.push(write) === 1) queueMicrotask(() => this.#flush());
  }

  #flush() {
    const writes = this.#writes;
    this.#writes = [];
    this.#written = this.#commit(writes).catch(() => {
      this.kept = "memory"; // quota or a deleted database: what is pending lives in this page alone now
    });
  }

  /** @param {Write[]} writes @returns {Promise<void>} */
  #commit(writes) {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction([OPS, CLIENTS], "readwrite");
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      for (const write of writes) write(transaction);
      transaction.commit?.(); // a page that is left in this moment would take what is not committed with it
    });
  }

  /** @param {string} client */
  #rangeOf(client) {
    return IDBKeyRange.bound([this.#board, client], [this.#board, client, []]);
  }
}

/** @param {IDBFactory} factory @returns {Promise<IDBDatabase>} */
function openDatabase(factory) {
  const request = factory.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(OPS, { keyPath: ["board", "client", "counter"] });
    request.result.createObjectStore(CLIENTS, { keyPath: ["board", "client"] });
  };
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), OPEN_MS));
  return Promise.race([answer(request), /** @type {Promise<IDBDatabase>} */ (late)]);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {JournalEntry} a
 * @param {JournalEntry} b
 */
function byCounter(a, b) {
  return parseOpId(a.op.opId).counter - parseOpId(b.op.opId).counter;
}
