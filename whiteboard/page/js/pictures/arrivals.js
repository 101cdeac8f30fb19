// @ts-check
/**
 * Pictures that somebody has brought and that are not on the board yet: prepared, shown where they will be with how far
 * they are, uploaded, and then made elements. What the server cannot take now waits in this tab and goes when it can;
 * what it will not take is said and leaves.
 *
 * @typedef {import("../desk.js").Desk} Desk
 * @typedef {import("../draw/geometry.js").Point} Point
 * @typedef {import("./prepare.js").Prepared} Prepared
 */
import { toast } from "../chrome/toast.js";
import { h, iconButton } from "../chrome/dom.js";
import { toScreen } from "../draw/camera.js";
import { round2 } from "../draw/ink.js";
import { t } from "../i18n/i18n.js";
import { prepare, TooLarge } from "./prepare.js";
import { assetUrl, fetchPicture, upload } from "./remote.js";

/** Share of the view that a new picture takes at most. */
const SHARE = 0.6;
const STEP_PX = 24;
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;
const GESTURE_MS = 100;
const FALLBACK_BYTES = 10 * 1024 * 1024;
/** What is said of the server's refusals. @type {Record<string, string>} */
const REFUSALS = {
  too_large: "toast.picture.large", unsupported_type: "toast.picture.none", no_blob_store: "toast.picture.off",
  too_many_assets: "toast.picture.many",
};

export class Arrivals {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Set<Arrival>} */
    this.all = new Set();
    /** One picture after the other is decoded. @type {Promise<void>} */
    this.turn = Promise.resolve();
    /** Those whose turn has not come. */
    this.waiting = 0;
    desk.addEventListener("camera", () => this.all.forEach((arrival) => arrival.place()));
    desk.addEventListener("online", () => this.all.forEach((arrival) => arrival.hurry()));
    addEventListener("beforeunload", (e) => {
      if (this.all.size + this.waiting > 0) e.preventDefault();
    });
  }

  /** Brings files to the board, about a point of it. @param {readonly Blob[]} files @param {Point} at */
  add(files, at) {
    const { desk } = this;
    if (desk.isReadOnly) return desk.emit("refused");
    desk.select([]);
    void desk.setTool("select");
    files.forEach((file, i) => {
      const step = (i * STEP_PX) / desk.camera.z;
      this.waiting += 1;
      this.turn = this.turn.then(() => this.begin(file, { x: at.x + step, y: at.y + step }));
    });
  }

  /** Never fails: that would end all turns behind it. @param {Blob} file @param {Point} at @returns {Promise<void>} */
  async begin(file, at) {
    try {
      const prepared = await prepare(file, this.desk.limits.assetBytes ?? FALLBACK_BYTES);
      const arrival = new Arrival(this.desk, prepared, at);
      this.all.add(arrival);
      void arrival.run().finally(() => this.all.delete(arrival));
    } catch (error) {
      toast(t(error instanceof TooLarge ? "toast.picture.large" : "toast.picture.none"), "warning");
    } finally {
      this.waiting -= 1;
    }
  }
}

/** Brings pictures that were copied on other boards of this server to this one. @param {Desk} desk @param {string} board @param {Iterable<string>} assets */
export async function adopt(desk, board, assets) {
  for (const asset of assets) {
    try {
      const blob = await fetchPicture(assetUrl(board, asset));
      const outcome = blob && await upload(assetUrl(desk.board), blob, () => {}, new AbortController().signal);
      if (outcome?.kind !== "done") throw new Error("not taken");
    } catch {
      toast(t("toast.picture.notCopied"), "warning");
    }
  }
  desk.album.retry();
}

class Arrival {
  /** @param {Desk} desk @param {Prepared} prepared @param {Point} at its middle on the board */
  constructor(desk, prepared, at) {
    this.desk = desk;
    this.prepared = prepared;
    const { camera, layers } = desk, view = { w: layers.width / camera.z, h: layers.height / camera.z };
    const scale = Math.min(1, (SHARE * view.w) / prepared.width, (SHARE * view.h) / prepared.height);
    this.w = round2(prepared.width * scale);
    this.h = round2(prepared.height * scale);
    this.x = round2(at.x - this.w / 2);
    this.y = round2(at.y - this.h / 2);
    this.stopping = new AbortController();
    this.hurry = () => {};
    this.bar = h("div", { class: "arrival-bar", attrs: { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 } }, h("div", { class: "arrival-fill" }));
    this.words = h("span", { class: "arrival-words" });
    this.node = this.makeNode();
    desk.floating.append(this.node);
    this.place();
  }

  makeNode() {
    const canvas = document.createElement("canvas"), { bitmap } = this.prepared;
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    const discard = iconButton("close", { label: "picture.discard", testid: "picture-discard", on: { click: () => this.stopping.abort() } });
    return h("div", { class: "arrival", testid: "arrival" }, canvas, h("div", { class: "arrival-foot panel" }, this.words, discard, this.bar));
  }

  /** Where it will be. */
  place() {
    const { camera } = this.desk, { x, y } = toScreen(camera, this.x, this.y);
    this.node.style.transform = `translate(${x}px, ${y}px)`;
    this.node.style.width = `${this.w * camera.z}px`;
    this.node.style.height = `${this.h * camera.z}px`;
  }

  async run() {
    try {
      const asset = await this.uploaded();
      if (asset) await this.settle(asset);
    } finally {
      this.node.remove();
    }
  }

  /** Until the server has it or refuses it for good, or somebody has had enough. @returns {Promise<string|null>} */
  async uploaded() {
    const { signal } = this.stopping;
    for (let pause = FIRST_RETRY_MS; !signal.aborted; pause = Math.min(MAX_RETRY_MS, pause * 2)) {
      this.show(0);
      const outcome = await this.upload(signal);
      if (outcome.kind === "done") return outcome.asset;
      if (outcome.kind === "refused") {
        toast(t(REFUSALS[outcome.code] ?? "toast.picture.refused", { reason: outcome.reason }), "warning");
        return null;
      }
      if (outcome.kind === "later") await this.wait(pause);
    }
    return null;
  }

  /** Not to a board that was deleted: that would begin it again. @param {AbortSignal} signal @returns {Promise<import("./remote.js").Outcome>} */
  async upload(signal) {
    if (this.desk.sync.status.state === "closed") return { kind: "later" };
    return upload(assetUrl(this.desk.board), this.prepared.blob, (share) => this.show(share), signal);
  }

  /** @param {number} ms at most: less when there is a connection again */
  wait(ms) {
    this.show(null);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.hurry = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
      this.stopping.signal.addEventListener("abort", this.hurry, { once: true });
    });
  }

  /** @param {number|null} share of the upload that is done; null while it waits */
  show(share) {
    const percent = Math.round((share ?? 0) * 100);
    this.node.classList.toggle("is-waiting", share === null);
    this.words.textContent = share === null ? t("picture.waiting") : t("picture.uploading", { n: percent });
    this.bar.setAttribute("aria-valuenow", String(percent));
    /** @type {HTMLElement} */ (this.bar.firstElementChild).style.width = `${percent}%`;
  }

  /** Makes it an element: once its bytes are here too, so that it does not blink, and not in the middle of a gesture, which could take it back. @param {string} asset */
  async settle(asset) {
    const { desk } = this, id = desk.newId();
    await desk.album.bring(asset, this.prepared.blob).catch(() => {}); // then it is fetched like others' pictures
    while (desk.history.open) await new Promise((resolve) => setTimeout(resolve, GESTURE_MS));
    desk.history.do([{ type: "image", id, asset, x: this.x, y: this.y, w: this.w, h: this.h }]);
    if (desk.toolId === "select" && !desk.editor) desk.select([...desk.selection, id]);
  }
}
