// @ts-check
/**
 * The pictures of a board, decoded and ready to be drawn. Asked for one that it does not have it fetches it, and tells
 * who asked once it is there. Holds so many pixels and no more: what has not been drawn for a while goes first, and
 * what comes when all is in use is kept small. Knows no canvas and no address.
 *
 * @typedef {{state:"loading"|"ready"|"missing", bitmap:ImageBitmap|null, askers:Set<string>, usedAt:number, tries:number}} Entry
 *   `askers`: elements that are to be drawn again when it has come
 * @typedef {(asset: string) => Promise<Blob|null>} FetchPicture null: there is none; throws when it is worth another try
 * @typedef {(picture: ImageBitmapSource, side: number) => Promise<ImageBitmap>} Decode no side longer than `side`
 */

const NAME = /^[0-9a-f]{64}$/;
/** No longer side is drawn: larger than most screens are wide. */
export const MAX_SIDE = 2048;
/** What a picture is kept at when there are very many. */
const SMALL_SIDE = 256;
/** Four bytes each: a quarter of a gigabyte. */
const MAX_PIXELS = 64_000_000;
const AT_ONCE = 4;
const FRESH_MS = 20_000;
const FIRST_RETRY_MS = 1_000;
const MAX_TRIES = 6;

export class Album {
  /**
   * @param {FetchPicture} fetchPicture @param {(ids: Iterable<string>) => void} changed elements whose picture has changed
   * @param {{decode?: Decode, now?: () => number, later?: (run: () => void, ms: number) => unknown}} [outside]
   */
  constructor(fetchPicture, changed, { decode = decodePicture, now = () => performance.now(), later = (run, ms) => setTimeout(run, ms) } = {}) {
    this.fetchPicture = fetchPicture;
    this.changed = changed;
    this.decode = decode;
    this.now = now;
    this.later = later;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {string[]} */
    this.queue = [];
    this.running = 0;
    this.pixels = 0;
  }

  /** What there is of a picture; asks for it if need be. @param {unknown} asset as others say it @param {string} id of the element that shows it @returns {Entry} */
  look(asset, id) {
    if (typeof asset !== "string" || !NAME.test(asset)) return MISSING;
    let entry = this.entries.get(asset);
    if (!entry) {
      entry = { state: "loading", bitmap: null, askers: new Set(), usedAt: 0, tries: 0 };
      this.entries.set(asset, entry);
      this.ask(asset);
    }
    entry.usedAt = this.now();
    if (entry.state !== "ready") entry.askers.add(id);
    return entry;
  }

  /** Takes in a picture that is at hand. @param {string} asset @param {Blob} blob */
  async bring(asset, blob) {
    const known = this.entries.get(asset);
    if (known?.state === "ready") return;
    const entry = known ?? { state: "loading", bitmap: null, askers: new Set(), usedAt: this.now(), tries: 0 };
    this.entries.set(asset, entry);
    await this.keep(asset, entry, blob);
  }

  /** Asks again for all that did not come: there is a connection again. */
  retry() {
    for (const [asset, entry] of this.entries) {
      if (entry.state === "ready" || this.queue.includes(asset)) continue;
      entry.tries = 0;
      this.ask(asset);
    }
  }

  /** @param {string} asset */
  ask(asset) {
    this.queue.push(asset);
    this.next();
  }

  next() {
    while (this.running < AT_ONCE) {
      const asset = this.queue.shift();
      if (asset === undefined) return;
      this.running += 1;
      void this.load(asset).finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  /** @param {string} asset */
  async load(asset) {
    const entry = this.entries.get(asset);
    if (!entry || entry.state === "ready") return;
    entry.tries += 1;
    try {
      const blob = await this.fetchPicture(asset);
      if (blob) return await this.keep(asset, entry, blob);
      this.turn(entry, "missing"); // it may still be on its way: another person has put it here a moment ago
    } catch {
      this.turn(entry, entry.tries < MAX_TRIES ? "loading" : "missing");
    }
    if (entry.tries < MAX_TRIES) this.later(() => this.ask(asset), FIRST_RETRY_MS * 2 ** (entry.tries - 1));
  }

  /** @param {string} asset @param {Entry} entry @param {Blob} blob */
  async keep(asset, entry, blob) {
    const isFull = this.pixels >= MAX_PIXELS && !this.dropOld();
    const bitmap = await this.decode(blob, isFull ? SMALL_SIDE : MAX_SIDE);
    if (this.entries.get(asset) !== entry || entry.bitmap) return bitmap.close();
    entry.bitmap = bitmap;
    this.pixels += bitmap.width * bitmap.height;
    this.turn(entry, "ready");
  }

  /** @param {Entry} entry @param {Entry["state"]} state */
  turn(entry, state) {
    if (entry.state === state) return;
    entry.state = state;
    const { askers } = entry;
    if (state === "ready") entry.askers = new Set();
    if (askers.size) this.changed(askers);
  }

  /** Lets go of what has not been drawn for a while, the oldest first. @returns {boolean} is there room now */
  dropOld() {
    const before = this.now() - FRESH_MS;
    const old = [...this.entries].filter(([, entry]) => entry.bitmap && entry.usedAt < before).sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [asset, { bitmap }] of old) {
      if (this.pixels < MAX_PIXELS) break;
      this.entries.delete(asset);
      this.pixels -= (bitmap?.width ?? 0) * (bitmap?.height ?? 0);
      bitmap?.close();
    }
    return this.pixels < MAX_PIXELS;
  }
}

/** @type {Entry} */
const MISSING = Object.freeze({ state: "missing", bitmap: null, askers: new Set(), usedAt: 0, tries: 0 });

/** @type {Decode} */
export async function decodePicture(picture, side) {
  const whole = await createImageBitmap(picture);
  const scale = side / Math.max(whole.width, whole.height);
  if (scale >= 1) return whole;
  const size = (/** @type {number} */ length) => Math.max(1, Math.round(length * scale));
  const scaled = await createImageBitmap(whole, { resizeWidth: size(whole.width), resizeHeight: size(whole.height), resizeQuality: "high" });
  whole.close();
  return scaled;
}
