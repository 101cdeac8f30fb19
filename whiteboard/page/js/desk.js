// @ts-check
/**
 * One person at one board: puts together the sync client, the picture, the camera, the tools, the selection
 * and the undo stack. Everything that changes the board passes through here. Knows no toolbar: the chrome
 * listens to the events `tool`, `style`, `selection`, `camera`, `laser`, `status`, `online`, `toast`.
 *
 * @typedef {import("./types.js").Op} Op
 * @typedef {import("./types.js").Element} Element
 * @typedef {import("./draw/geometry.js").Box} Box
 * @typedef {import("./draw/camera.js").Camera} Camera
 * @typedef {import("./sync/board_sync.js").BoardSync} BoardSync
 * @typedef {import("./style.js").Style} Style
 * @typedef {{close(): void, now(): Element, restyle(change: (el: Element) => Record<string, unknown>|null): void}} Editor
 */
import { fit, viewBox, zoomAt } from "./draw/camera.js";
import { tint } from "./draw/color.js";
import { intersects, seenBox, union } from "./draw/geometry.js";
import { Layers } from "./draw/layers.js";
import { makeTheme } from "./draw/painters.js";
import { Scene } from "./draw/scene.js";
import { measureText } from "./draw/text.js";
import { History } from "./history.js";
import { arrived, NotArrived } from "./loading.js";
import { Album } from "./pictures/album.js";
import { assetUrl, fetchPicture } from "./pictures/remote.js";
import { isDark, recall, remember } from "./prefs.js";
import { insets } from "./room.js";
import { FIRST_STYLE, restyled } from "./style.js";
import { TOOLS } from "./tools/registry.js";

const ID_CHARS = "0123456789abcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 14;
/** Who comes to a board with little on it sees that as it was drawn. */
const FIRST_MAX_ZOOM = 1;

/** @returns {string} a new element id: 72 bits of chance */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(ID_LENGTH)), (byte) => ID_CHARS[byte % 36]).join("");
}

export class Desk extends EventTarget {
  /** @param {{board:string, sync:BoardSync, stage:HTMLElement, floating:HTMLElement}} parts */
  constructor({ board, sync, stage, floating }) {
    super();
    this.board = board;
    this.sync = sync;
    this.view = /** @type {import("./draw/scene.js").View} */ (/** @type {unknown} */ (sync.view));
    this.stage = stage;
    /** Holds what floats over the board, such as a text being typed. */
    this.floating = floating;
    this.scene = new Scene(this.view, measureText);
    this.album = new Album((asset) => fetchPicture(assetUrl(board, asset)), (ids) => this.repaint(ids));
    this.layers = new Layers(stage, this.scene, this.makeTheme());
    this.layers.decorate = (ctx) => this.decorate(ctx);
    this.layers.animations.add(() => this.tellSelectionMoved());
    this.history = new History(/** @type {any} */ (sync.view), (op) => this.submit(op), (work) => this.together(work), () => sync.status.loading);
    /** @type {Set<string>|null} what has been submitted in the batch under way */
    this.batch = null;
    this.isSelectionMoved = false;
    /** @type {Style} */
    this.style = { ...FIRST_STYLE, ...recall("style", {}) };
    /** @type {Set<string>} */
    this.selection = new Set();
    /** @type {import("./tools/tool.js").Tool|null} */
    this.tool = null;
    this.toolId = "";
    this.wantedTool = "";
    /** @type {Map<string, Promise<import("./tools/tool.js").Tool>>} */
    this.tools = new Map();
    this.keepsTool = false;
    /** @type {Editor|null} the text field, while one is open */
    this.editor = null;
    /** @type {Set<(ctx: CanvasRenderingContext2D) => void>} draw on the overlay after the tool */
    this.decorators = new Set();
    this.hasCamera = false;
    this.isOutdated = false;
    this.isOnline = false;
    this.accent = "#4263eb";
    this.paper = "#ffffff";
    this.listen();
    this.readTheme();
  }

  listen() {
    const { sync } = this;
    sync.addEventListener("change", (e) => this.take(/** @type {CustomEvent} */ (e).detail.ids));
    sync.addEventListener("reset", () => this.reset());
    sync.addEventListener("status", () => this.statusChanged());
    sync.addEventListener("rejected", (e) => this.emit("rejected", /** @type {CustomEvent} */ (e).detail));
    document.addEventListener("themechange", () => this.readTheme());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.readTheme());
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.watchRatio();
    this.resize();
  }

  /** @returns {Camera} */
  get camera() {
    return this.layers.camera;
  }

  /** Bounds that the server has published. @returns {Record<string, number>} */
  get limits() {
    return this.sync.limits;
  }

  get isReadOnly() {
    return this.sync.status.role === "viewer";
  }

  newId() {
    return randomId();
  }

  // --- changing the board ---------------------------------------------------------------------

  /** Sends an op; it shows at once. Without undo: see `history`. @param {Op} op */
  submit(op) {
    this.sync.submit(op);
    if (this.batch) this.batch.add(op.id);
    else this.take([op.id]);
  }

  /** Does work that submits many ops: what they change is taken over once, at its end. @template T @param {() => T} work @returns {T} */
  together(work) {
    if (this.batch) return work();
    const batch = new Set();
    this.batch = batch;
    try {
      return work();
    } finally {
      this.batch = null;
      if (batch.size > 0) this.take(batch);
    }
  }

  /** Takes over what has changed in the view. @param {Iterable<string>} ids */
  take(ids) {
    const changes = this.scene.refresh(ids);
    this.layers.show(changes);
    if (this.selection.size > 0) this.followSelection(changes);
    this.emit("content");
  }

  /** What is gone is not selected any more; the frame goes with what has moved. @param {import("./draw/scene.js").Changes} changes */
  followSelection(changes) {
    const before = this.selection.size;
    for (const id of changes.gone) this.selection.delete(id);
    if (this.selection.size < before) this.announce("selection");
    else if (changes.dirty.length > 0) this.selectionMoved();
  }

  /** Told of once a frame, however many messages move what is selected: whoever shows its frame looks at all of it. */
  selectionMoved() {
    this.isSelectionMoved = true;
    this.layers.request();
  }

  /** To be called once a frame. @returns {boolean} is there more to do */
  tellSelectionMoved() {
    if (this.isSelectionMoved) this.emit("selection");
    this.isSelectionMoved = false;
    return false;
  }

  /** All may be different; while a new picture is loading, the old one stays. */
  reset() {
    if (this.sync.status.loading) this.isOutdated = true;
    else this.takeAll();
  }

  statusChanged() {
    if (!this.sync.status.loading) {
      if (this.isOutdated) this.takeAll();
      if (!this.hasCamera) this.lookFirst();
    }
    this.tellOnline();
    this.emit("status");
  }

  /** Who has come back asks again for the pictures that did not come. */
  tellOnline() {
    const isOnline = this.sync.status.state === "online";
    const isBack = isOnline && !this.isOnline;
    this.isOnline = isOnline;
    if (!isBack) return;
    this.album.retry();
    this.emit("online");
  }

  takeAll() {
    this.isOutdated = false;
    this.scene.rebuild();
    this.layers.moving.clear();
    this.layers.redraw();
    this.select([...this.selection].filter((id) => this.scene.get(id)));
    this.emit("content");
  }

  // --- looking ----------------------------------------------------------------------------------

  resize() {
    this.layers.resize();
    this.rect = this.stage.getBoundingClientRect();
    this.announce("camera");
    this.emit("size");
  }

  /** The page may be moved to a screen with other pixels. */
  watchRatio() {
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => {
      this.resize();
      this.watchRatio();
    }, { once: true });
  }

  /** @param {Camera} camera */
  look(camera) {
    this.hasCamera = true;
    this.layers.look(camera);
    this.emit("camera");
  }

  /** The first look, once the board is here: where one looked before, else at everything. */
  lookFirst() {
    this.hasCamera = true;
    if (this.scene.items.size > 0) this.look(this.rememberedCamera() ?? this.cameraFor(this.scene.bounds(), FIRST_MAX_ZOOM));
  }

  rememberedCamera() {
    const all = recall("cameras", /** @type {Record<string, Camera>} */ ({}));
    const camera = all[this.board];
    const isUsable = camera && [camera.x, camera.y, camera.z].every(Number.isFinite) && camera.z > 0;
    const bounds = this.scene.bounds();
    if (!isUsable || !bounds || !intersects(viewBox(camera, this.layers.width, this.layers.height), bounds)) return null;
    return camera;
  }

  rememberCamera() {
    const others = Object.entries(recall("cameras", /** @type {Record<string, Camera>} */ ({}))).filter(([b]) => b !== this.board);
    remember("cameras", Object.fromEntries([...others.slice(-20), [this.board, this.camera]]));
  }

  /** @param {number} factor */
  zoomBy(factor) {
    this.look(zoomAt(this.camera, this.camera.z * factor, this.layers.width / 2, this.layers.height / 2));
  }

  /** @param {Box|null} box */
  fit(box) {
    this.look(this.cameraFor(box));
  }

  /** @param {Box|null} box @param {number} [maxZoom] @returns {Camera} */
  cameraFor(box, maxZoom) {
    const { width, height } = this.layers;
    return fit(box, width, height, insets(width, height), maxZoom);
  }

  makeTheme() {
    return makeTheme(isDark(), (asset, id) => this.album.look(asset, id));
  }

  /** Draws elements again whose picture has come, or has not. @param {Iterable<string>} ids */
  repaint(ids) {
    for (const id of ids) {
      const item = this.scene.get(id);
      if (item) this.layers.dirty.push(item.box);
    }
    this.layers.request();
  }

  readTheme() {
    const style = getComputedStyle(document.documentElement);
    this.accent = style.getPropertyValue("--accent").trim() || this.accent;
    this.paper = style.getPropertyValue("--paper").trim() || this.paper;
    this.layers.setTheme(this.makeTheme());
  }

  /** @param {CanvasRenderingContext2D} ctx */
  decorate(ctx) {
    this.tool?.decorate(ctx);
    for (const draw of this.decorators) draw(ctx);
  }

  /** @param {string} cursor a value that the style sheet knows */
  setCursor(cursor) {
    this.stage.dataset.cursor = cursor;
  }

  // --- tools ------------------------------------------------------------------------------------

  /** Rejects with NotArrived; the next call asks for it again. @param {string} id */
  loadTool(id) {
    let tool = this.tools.get(id);
    if (!tool) {
      const entry = TOOLS.find((each) => each.id === id);
      if (!entry) throw new Error(`no tool ${id}`);
      this.tools.set(id, (tool = entry.make(this)));
      tool.catch(() => this.tools.delete(id));
    }
    return tool;
  }

  /**
   * A part of the page that is loaded when it is used; null, with a word to the person, for NotArrived: the next use asks for it again.
   * @template T @param {Promise<T>} loading @returns {Promise<T|null>}
   */
  async part(loading) {
    try {
      return await loading;
    } catch (error) {
      if (!(error instanceof NotArrived)) throw error;
      this.emit("toast", "toast.notArrived");
      return null;
    }
  }

  /** Takes up a tool as soon as it is loaded. @param {string} id */
  async setTool(id) {
    this.wantedTool = id;
    const tool = await this.part(this.loadTool(id));
    if (!tool || this.wantedTool !== id || this.tool === tool) return;
    this.tool?.leave();
    this.tool = tool;
    this.toolId = id;
    tool.enter();
    this.setCursor(tool.cursor);
    this.announce("tool");
  }

  /** A tool that made something gives way to selecting it, unless it is to be kept. @param {string[]} made */
  async finishTool(made) {
    if (this.keepsTool) return;
    await this.setTool("select");
    if (this.toolId === "select") this.select(made);
  }

  /** @param {Partial<Style>} change */
  setStyle(change) {
    Object.assign(this.style, change);
    remember("style", this.style);
    this.restyleChosen(change);
    this.announce("style");
  }

  /** What a change of style is for, beside what is drawn next: what is selected or being typed. @returns {Element[]} */
  chosen() {
    return this.editor ? [this.editor.now()] : [...this.selection].flatMap((id) => this.view.get(id) ?? []);
  }

  /** @param {Partial<Style>} change */
  restyleChosen(change) {
    if (this.isReadOnly) return;
    if (this.editor) return this.editor.restyle((el) => restyled(el, change));
    const ops = this.chosen().flatMap((el) => {
      const props = restyled(el, change);
      return props ? [{ type: "set", id: el.id, props }] : [];
    });
    if (ops.length) this.history.do(ops);
  }

  /** The pale colour that shapes are filled with. */
  fillColor() {
    return tint(this.style.color);
  }

  /** @param {string|null} id null: a new text @param {{x:number, y:number}} at */
  async editText(id, at) {
    const loaded = await this.part(arrived(import("./tools/text_editor.js")));
    loaded?.openEditor(this, id, at);
  }

  closeEditor() {
    this.editor?.close();
  }

  // --- selection --------------------------------------------------------------------------------

  /** @param {Iterable<string>} ids */
  select(ids) {
    this.selection = new Set(ids);
    this.announce("selection");
  }

  /** @param {string} id */
  toggle(id) {
    if (!this.selection.delete(id)) this.selection.add(id);
    this.announce("selection");
  }

  /** The box of an element as it is shown, in the middle of a drag too. @param {string} id @returns {Box|null} */
  shownBox(id) {
    const preview = this.layers.previews.get(id);
    return preview ? seenBox(preview, measureText) : this.scene.seenBox(id);
  }

  /** The box of all that is selected, as it is shown. @returns {Box|null} */
  selectedBox() {
    /** @type {Box|null} */
    let box = null;
    for (const id of this.selection) box = union(box, this.shownBox(id));
    return box;
  }

  /** The same with its frame and handles. @returns {Box|null} */
  selectionBox() {
    const box = this.selectedBox();
    return box && (this.tool?.around(box) ?? box);
  }

  // --- telling ----------------------------------------------------------------------------------

  /** @param {string} name @param {unknown} [detail] */
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Emits, and asks for a new frame. @param {string} name */
  announce(name) {
    this.emit(name);
    this.layers.request();
  }
}
