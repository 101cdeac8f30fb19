// @ts-check
/** Everything around the board: puts the bars in place and lets the keyboard in. */
import { t } from "../i18n/i18n.js";
import { isTyping, listenToKeys } from "../input/actions.js";
import { arrived } from "../loading.js";
import { h } from "./dom.js";
import { listenToClipboard } from "../input/clipboard.js";
import { listenToDrops } from "../input/files.js";
import { Presence } from "./presence.js";
import { toast } from "./toast.js";
import { makeStylePanel } from "./style_panel.js";
import { makeSelectionBar, makeToolbar, makeUndoBar, makeZoomBar } from "./toolbar.js";
import { makeTopbar } from "./topbar.js";
import { makeWayBack } from "./way_back.js";

/**
 * @param {import("../desk.js").Desk} desk @param {HTMLElement} root @param {HTMLElement} cursors
 * @param {import("../input/pointer.js").PointerInput} input
 */
export function makeChrome(desk, root, cursors, input) {
  const openHelp = async () => (await desk.part(arrived(import("./help.js"))))?.openHelp();
  const context = { input, openHelp };
  const { panel: style, button: styleButton } = makeStylePanel(desk), toolbar = makeToolbar(desk, context);
  const dock = h("div", { class: "dock" }, style, styleButton, toolbar);
  const row = h("div", { class: "foot-row" }, h("div", { class: "foot-side" }, makeUndoBar(desk, context)), dock, h("div", { class: "foot-side" }, makeZoomBar(desk, context)));
  const foot = h("div", { class: "foot" }, makeWayBack(desk), row);
  const around = h("aside", { class: "around", label: "toolbar.label" }, foot, makeSelectionBar(desk, context));
  root.append(makeTopbar(desk, context), around);
  desk.floating.append(makeHint(desk));
  leaveFocus(desk, root);
  forbidPageZoom(root);
  listenToKeys(desk, context);
  listenToClipboard(desk, input);
  listenToDrops(desk);
  tellTroubles(desk);
  return new Presence(desk, cursors);
}

/** A press on a button leaves the keys to the board, or to the text that is being typed. @param {import("../desk.js").Desk} desk @param {HTMLElement} root */
function leaveFocus(desk, root) {
  root.addEventListener("mousedown", (e) => {
    if (!(e.target instanceof Element) || !e.target.closest("button")) return;
    e.preventDefault();
    if (!isTyping(document.activeElement)) desk.stage.focus({ preventScroll: true });
  });
}

/** What would zoom the page when it is done on a bar: pinching, on touchpads and where the style sheet's `touch-action` is not known. @param {HTMLElement} root */
function forbidPageZoom(root) {
  for (const name of ["gesturestart", "gesturechange"]) root.addEventListener(name, (e) => e.preventDefault());
  root.addEventListener("wheel", (e) => {
    if (e.ctrlKey) e.preventDefault();
  }, { passive: false });
}

/** On an empty board: what to do. @param {import("../desk.js").Desk} desk */
function makeHint(desk) {
  const hint = h("p", { class: "hint" });
  const show = () => {
    const isShutOut = desk.sync.status.loading && desk.sync.status.state === "closed"; // the light says why
    hint.hidden = isShutOut || desk.scene.items.size > 0 || desk.layers.draft !== null;
    hint.textContent = t(desk.sync.status.loading ? "board.loading" : "board.empty");
  };
  document.addEventListener("languagechange", show);
  for (const name of ["content", "status", "tool"]) desk.addEventListener(name, show);
  desk.stage.addEventListener("pointerdown", () => {
    hint.hidden = true;
  });
  show();
  return hint;
}

/** @param {import("../desk.js").Desk} desk */
function tellTroubles(desk) {
  let wasOfflineWith = 0;
  desk.addEventListener("rejected", (e) => {
    wasOfflineWith = 0; // not everything was sent
    const { code, reason } = /** @type {CustomEvent} */ (e).detail;
    toast(code === "forbidden" && desk.isReadOnly ? t("toast.rejected.viewer") : t("toast.rejected", { reason: reason || code }), "warning");
  });
  desk.addEventListener("refused", () => toast(t("toast.rejected.viewer"), "warning"));
  desk.addEventListener("toast", (e) => toast(t(/** @type {CustomEvent} */ (e).detail)));
  desk.sync.addEventListener("problem", (e) => console.warn("the server found fault with a message", /** @type {CustomEvent} */ (e).detail));
  addEventListener("beforeunload", (e) => {
    if (desk.sync.status.pending > 0 && desk.sync.status.kept === "memory") e.preventDefault();
  });
  desk.sync.addEventListener("drain", () => toast(t("toast.drain")));
  desk.addEventListener("status", () => {
    const { state, pending } = desk.sync.status;
    if (state === "offline") wasOfflineWith = Math.max(wasOfflineWith, pending);
    if (state !== "online" || pending > 0 || wasOfflineWith === 0) return;
    wasOfflineWith = 0;
    toast(t("toast.reconnected"));
  });
}
