// @ts-check
/**
 * What the saved light says. It goes by acks alone: "saved" means that the server has confirmed all that was
 * drawn here, at the durability it names. Pure.
 *
 * @typedef {import("../sync/board_sync.js").Status} Status
 * @typedef {"saved"|"live"|"saving"|"waiting"|"offline"|"closed"} Level
 */
import { t, tn } from "../i18n/i18n.js";

/** The close code for it (protocol/close_codes.py). */
const NO_SUCH_BOARD = 4404;

/** Has the board been deleted under its people? @param {Pick<Status, "state"|"code">} status */
export function isDeleted({ state, code }) {
  return state === "closed" && code === NO_SUCH_BOARD;
}

/** @param {Pick<Status, "state"|"pending"|"durable"|"kept"|"role"|"reason"|"code">} status @returns {{level: Level, text: string}} */
export function statusText({ state, pending, durable, kept, role, reason, code }) {
  if (isDeleted({ state, code })) return { level: "closed", text: t(`status.deleted.${kept}`) };
  if (state === "closed") return { level: "closed", text: t("status.closed", { reason: reason ?? "" }) };
  if (state === "offline") return { level: "offline", text: offlineText(pending, kept) };
  if (state === "connecting") return { level: "waiting", text: pending ? tn("status.connecting.kept", pending) : t("status.connecting") };
  if (pending > 0) return { level: "saving", text: t("status.saving") };
  if (role === "viewer") return { level: "saved", text: t("status.viewer") };
  const where = durable ?? "memory";
  return { level: where === "memory" ? "live" : "saved", text: t(`status.saved.${where}`) };
}

/** @param {number} pending @param {"disk"|"memory"} kept */
function offlineText(pending, kept) {
  if (pending === 0) return t("status.offline");
  return tn(kept === "disk" ? "status.offline.kept" : "status.offline.memory", pending);
}
