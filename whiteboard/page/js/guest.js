// @ts-check
/** Names for those who have not said theirs: two words of which the first is their colour, so that many guests can be told apart. */
import { PEOPLE_PALETTE } from "./draw/color.js";
import { t } from "./i18n/i18n.js";

/** @param {string} seed the same gives the same @param {string} color one of the people's colours */
export function guestName(seed, color) {
  const { name } = PEOPLE_PALETTE.find(({ value }) => value === color) ?? PEOPLE_PALETTE[0];
  const animals = t("guest.animals").split(" ");
  return t("guest.name", { color: t(`guest.${name}`), animal: animals[hashOf(seed) % animals.length] });
}

/** FNV-1a, 32 bits. @param {string} text */
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
