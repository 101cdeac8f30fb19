// @ts-check
/**
 * Profiles that were taken or opened: kept while the page is open, one of them shown, alone or against another.
 *
 * @import {Profile} from "./pprof.js"
 * @typedef {{id: string, name: string, profile: Profile, bytes: Uint8Array<ArrayBuffer>}} Kept
 */
import { t } from "../i18n/i18n.js";
import { choice, save } from "./nodes.js";

const MAX_KEPT = 12;

/** The profiles there are, and which of them are shown. @param {() => void} chosen others are */
export function makeShelf(chosen) {
  /** @type {Kept[]} the latest first */
  let kept = [];
  /** @type {Kept|null} */
  let shown = null;
  /** @type {Kept|null} */
  let before = null;
  let type = 0, made = 0;
  const find = (/** @type {string} */ id) => kept.find((one) => one.id === id) ?? null;
  const change = () => {
    offer();
    chosen();
  };
  const which = choice("debug.profile.shown", "profile-shown", (id) => {
    shown = find(id);
    if (shown) type = Math.min(type, shown.profile.types.length - 1);
    change();
  });
  const against = choice("debug.profile.against", "profile-against", (id) => {
    before = find(id);
    change();
  });
  const types = choice("debug.profile.type", "profile-type", (value) => {
    type = Number(value);
    change();
  });

  function offer() {
    if (!shown) return;
    const { profile } = shown, others = kept.filter((one) => one !== shown && haveSameTypes(one.profile, profile));
    if (before && !others.includes(before)) before = null;
    which.offer(kept.map(({ id, name }) => ({ value: id, text: name })), shown.id);
    types.offer(profile.types.map(({ kind, unit }, n) => ({ value: String(n), text: `${kind} (${unit})` })), String(type));
    types.node.hidden = profile.types.length < 2;
    against.offer([{ value: "", text: t("debug.profile.alone") }, ...others.map(({ id, name }) => ({ value: id, text: t("debug.profile.minus", { name }) }))], before?.id ?? "");
    against.node.hidden = others.length === 0;
  }

  return {
    nodes: [which.node, types.node, against.node],
    get shown() {
      return shown;
    },
    get before() {
      return before;
    },
    get type() {
      return type;
    },
    /** @param {Uint8Array<ArrayBuffer>} bytes @param {Profile} profile @param {string} name */
    add(bytes, profile, name) {
      if (!shown || !haveSameTypes(shown.profile, profile)) type = profile.defaultType;
      shown = { id: String(++made), name, profile, bytes };
      kept = [shown, ...kept].slice(0, MAX_KEPT);
      offer();
    },
    save: () => shown && save(shown.bytes, `${shown.name.replace(/[^\w.-]+/g, "-")}.pb.gz`),
  };
}

/** @param {Profile} one @param {Profile} other */
function haveSameTypes(one, other) {
  const named = (/** @type {Profile} */ { types }) => types.map(({ kind, unit }) => `${kind} ${unit}`).join("\n");
  return named(one) === named(other);
}
