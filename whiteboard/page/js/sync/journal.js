/**
 * What this browser has made and no server has confirmed: kept so that a reload or crash loses no ink.
 *
 * Owns the journals of this browser's tabs on a board (IndexedDB, or memory where there is none), with the key
 * of each tab's client id. Must not know sockets or the merge, nor how tabs agree whose a client id is.
 *
 * Theory of operation. Each tab is a client of its own, with a journal under (board, client). A live
 * tab holds a claim on its client id; the browser lets go of it when the tab dies. A journal with ops
 * whose claim is free is an orphan: any tab on the board may claim it and send it, under the client
 * id and key that made it, so that an op that was stored before the crash is known by its op id.
 * A claim may be granted though its holder lives (see `claims.js`), so nothing may be lost by that: whoever
 * writes an op writes its client's key beside it in the same transaction, orphans are found by their ops, and
 * a key is dropped only in a transaction that sees no op of its client.
 */

import { parseOpId } from "../core/stamps.js";
import { Claims } from "./claims.js";

/** @typedef {import("../core/board.js").StampedOp} StampedOp */

/**
 * An op with what its author had seen (`op.seen`) and of which epoch; `op` has its opId and ts.
 * @typedef {{op: StampedOp & {seen: number}, epoch: string|null}} JournalEntry
 */

/** @typedef {{client: string, key?: string, entries: JournalEntry[]}} Orphan */

/**
 * None of these rejects: a journal that fails says so in `kept`, and has nothing to give.
 * @typedef {object} Journal
 * @property {"disk"|"memory"} kept whether the entries survive a reload
 * @property {(changed: () => void) => void} watch calls back when `kept` has changed
 * @property {(client: string) => Promise<boolean>} claim be this client, if no other tab is
 * @property {(client: string) => void} release
 * @property {(client: string) => Promise<JournalEntry[]|null>} all entries in the order they were made; null when they cannot be read now
 * @property {() => Promise<Orphan[]>} orphans journals that nobody holds, claimed by this call
 * @property {(entry: JournalEntry) => void} append
 * @property {(opIds: Iterable<string>) => void} remove
 * @property {(client: string, key: string|undefined) => void} remember the key that claims a client
 * @property {() => Promise<void>} settled everything asked for so far is written, as far as it can be
 */

/** @typedef {{indexedDB?: IDBFactory} & import("./claims.js").ClaimTools} JournalTools */

const DATABASE = "whiteboard";
const OPS = "ops";
const CLIENTS = "clients";
/** A reload may find the page before it still being torn down. */
const CLAIM_WAIT_MS = 600;
/** A database that does not open by then is as good as none: drawing must not wait for it. */
const OPEN_MS = 3_000;

/**
 * The journal of a board: in IndexedDB, or in memory where that is missing or refuses.
 * @param {string} board what names the board in this origin: its id, or the socket's path
 * @param {JournalTools} [tools] default: what this browser has
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

/** @returns {JournalTools} */
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

  watch() {}

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
  #changed = () => {};
  /** What claims the clients whose ops are written here. @type {Map<string, string|undefined>} */
  #keys = new Map();
  /** @type {Write[]} */
  #writes = [];
  /** Clients with ops among the writes. @type {Set<string>} */
  #authors = new Set();
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
    database.onclose = () => this.#fail(); // somebody has cleared what this site keeps
  }

  /** @param {() => void} changed */
  watch(changed) {
    this.#changed = changed;
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
   * @returns {Promise<JournalEntry[]|null>}
   */
  async all(client) {
    return (await this.#read(client))?.entries ?? null;
  }

  /** @returns {Promise<Orphan[]>} */
  async orphans() {
    await this.settled();
    const found = [];
    for (const client of await this.#authorsOnDisk()) {
      const orphan = await this.#adopt(client);
      if (orphan) found.push(orphan);
    }
    await this.#dropKeys();
    return found;
  }

  /** @param {JournalEntry} entry */
  append(entry) {
    const { client, counter } = parseOpId(entry.op.opId);
    const row = { board: this.#board, client, counter, op: entry.op, epoch: entry.epoch };
    this.#authors.add(client);
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
    this.#keys.set(client, key);
    this.#write(this.#keyOf(client));
  }

  async settled() {
    if (this.#writes.length > 0) await Promise.resolve();
    await this.#written;
  }

  /** @param {string} client @returns {Promise<Orphan|null>} */
  async #adopt(client) {
    if (this.#claims.holds(client) || !(await this.#claims.claim(client))) return null;
    const journal = await this.#read(client);
    if (journal && journal.entries.length > 0) return { client, ...journal };
    this.release(client);
    return null;
  }

  /** @param {string} client @returns {Promise<{key: string|undefined, entries: JournalEntry[]}|null>} null: not now */
  async #read(client) {
    await this.settled();
    try {
      const transaction = this.#database.transaction([OPS, CLIENTS]);
      const ops = answer(transaction.objectStore(OPS).getAll(this.#rangeOf(client)));
      const row = answer(transaction.objectStore(CLIENTS).get([this.#board, client]));
      return { entries: await ops, key: (await row)?.key };
    } catch {
      this.#fail();
      return null;
    }
  }

  /** Clients with ops, found by a leap from each to the next. @returns {Promise<string[]>} */
  async #authorsOnDisk() {
    const clients = [];
    try {
      const request = this.#database.transaction(OPS).objectStore(OPS).openKeyCursor(this.#rangeOfAll());
      for (let cursor = await answer(request); cursor; cursor = await answer(request)) {
        const [board, client] = /** @type {string[]} */ (cursor.key);
        clients.push(client);
        cursor.continue([board, client, []]);
      }
    } catch {
      this.#fail();
    }
    return clients;
  }

  /** Forget the keys of clients without ops: with the next op comes the key again, whoever lives. */
  async #dropKeys() {
    try {
      const transaction = this.#database.transaction([OPS, CLIENTS], "readwrite");
      const [ops, clients] = [transaction.objectStore(OPS), transaction.objectStore(CLIENTS)];
      for (const key of await answer(clients.getAllKeys(this.#rangeOfAll()))) {
        const [, client] = /** @type {string[]} */ (key);
        if ((await answer(ops.count(this.#rangeOf(client)))) === 0) clients.delete(key);
      }
    } catch {
      // a key too many takes a few bytes until the next time
    }
  }

  /** @param {string} client @returns {Write} */
  #keyOf(client) {
    const row = { board: this.#board, client, key: this.#keys.get(client) };
    return (transaction) => transaction.objectStore(CLIENTS).put(row);
  }

  /** @param {Write} write */
  #write(write) {
    if (this.#writes.push(write) === 1) queueMicrotask(() => this.#flush());
  }

  #flush() {
    const writes = [...this.#writes, ...[...this.#authors].map((client) => this.#keyOf(client))];
    this.#writes = [];
    this.#authors.clear();
    this.#written = this.#commit(writes).catch(() => this.#fail());
  }

  /** Quota, or a deleted database: what is pending lives in this page alone now. */
  #fail() {
    if (this.kept === "memory") return;
    this.kept = "memory";
    this.#changed();
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

  /** All clients, in either table. */
  #rangeOfAll() {
    return IDBKeyRange.bound([this.#board], [this.#board, []]);
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
