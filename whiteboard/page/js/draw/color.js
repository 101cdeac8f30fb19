// @ts-check
/**
 * Colours: the palette, and how a stored colour is shown on dark paper. What is stored never changes with
 * the theme; only its display does. Pure.
 */

/** Stored colours of the palette, with their names in the dictionaries (`color.<name>`). */
export const PALETTE = Object.freeze([
  { name: "ink", value: "#1e1e1e" }, { name: "grey", value: "#868e96" },
  { name: "red", value: "#e03131" }, { name: "orange", value: "#f08c00" },
  { name: "green", value: "#2f9e44" }, { name: "teal", value: "#0c8599" },
  { name: "blue", value: "#1971c2" }, { name: "violet", value: "#6741d9" },
  { name: "pink", value: "#d6336c" },
]);

/** People's colours, for cursors: dark enough for white letters on them. Named as the palette is. */
export const PEOPLE_PALETTE = Object.freeze([
  { name: "rust", value: "#c2410c" }, { name: "amber", value: "#b45309" },
  { name: "olive", value: "#4d7c0f" }, { name: "green", value: "#15803d" },
  { name: "teal", value: "#0f766e" }, { name: "blue", value: "#0369a1" },
  { name: "indigo", value: "#4338ca" }, { name: "purple", value: "#7e22ce" },
  { name: "pink", value: "#be185d" }, { name: "crimson", value: "#be123c" },
]);
export const PEOPLE_COLORS = Object.freeze(PEOPLE_PALETTE.map(({ value }) => value));

/** Red, green, blue in 0..255 of `#rgb`, `#rrggbb` or `#rrggbbaa`, else null. @param {string} text */
export function parseHex(text) {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})(?:[0-9a-f]{2})?$/i.exec(text);
  if (short) return short.slice(1).map((d) => parseInt(d + d, 16));
  return long && long.slice(1).map((d) => parseInt(d, 16));
}

const linear = (/** @type {number} */ v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const gamma = (/** @type {number} */ v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);

/** sRGB 0..255 to Oklab (Ottosson 2020). @param {number[]} rgb */
export function toOklab(rgb) {
  const [r, g, b] = rgb.map((v) => linear(v / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Oklab to `#rrggbb`, clipped to what a screen shows. @param {number[]} lab */
export function fromOklab([L, a, b]) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const hex = rgb.map((v) => Math.round(255 * Math.max(0, Math.min(1, gamma(Math.max(0, v)))))
    .toString(16).padStart(2, "0"));
  return `#${hex.join("")}`;
}

/** Lightness of two greys, as stored and as shown on dark paper: a middle one, and the darkest that is pale. */
const GREY = { stored: 0.65, shown: 0.7 };
const PALE = { stored: 0.86, shown: 0.33 };
const PAPER = { lightness: 0.38, chroma: 0.065 };
/** Dark yellow is olive; as paper in the dark it is rather amber. */
const AMBER = 0.18;

/** @type {Map<string, string>} */
const shownOnDark = new Map();

/**
 * How a stored `#hex` colour looks on dark paper: greys and pale colours are turned over (black ink becomes
 * light, a pale fill deep), strong hues are lifted until they can be read. Other notations stay as they are.
 * @param {string} color
 */
export function onDark(color) {
  let shown = shownOnDark.get(color);
  if (shown === undefined) {
    shownOnDark.set(color, (shown = mapToDark(color)));
  }
  return shown;
}

/** @param {string} color */
function mapToDark(color) {
  const rgb = parseHex(color);
  if (!rgb) return color;
  const [L, a, b] = toOklab(rgb);
  const turned = turnedLightness(L);
  const hue = L > 0.86 ? 0 : Math.min(1, Math.hypot(a, b) / 0.09);
  const lifted = Math.max(L, 0.7);
  return fromOklab([turned * (1 - hue) + lifted * hue, a, b]);
}

/** Lightness on dark paper of what has no hue: ink stands off as clearly as on light paper, down to a middle
 * grey, and what is pale there, as a fill, keeps close to the paper here. @param {number} L */
function turnedLightness(L) {
  if (L < GREY.stored) return GREY.shown + (GREY.stored - L) * 0.5;
  if (L < PALE.stored) return PALE.shown + ((PALE.stored - L) / (PALE.stored - GREY.stored)) * (GREY.shown - PALE.shown);
  return PALE.shown - (L - PALE.stored) * 0.92;
}

/** A note's paper on dark paper: deep, with its hue, so that light letters are read on it. @param {string} color `#hex` */
export function darkPaper(color) {
  const rgb = parseHex(color);
  if (!rgb) return color;
  const [, a, b] = toOklab(rgb), depth = PAPER.chroma / Math.max(PAPER.chroma, Math.hypot(a, b));
  return fromOklab([PAPER.lightness, (a + AMBER * Math.max(0, b)) * depth, b * depth]);
}

/** A pale version of a colour, to fill with. @param {string} color `#hex`, else given back as it is */
export function tint(color) {
  const rgb = parseHex(color);
  if (!rgb) return color;
  const [L, a, b] = toOklab(rgb);
  return fromOklab([0.9 + L * 0.02, a * 0.38, b * 0.38]);
}

/** A steady colour for a person. @param {string} seed */
export function personColor(seed) {
  let hash = 0;
  for (const ch of seed) hash = (hash * 31 + (ch.codePointAt(0) ?? 0)) >>> 0;
  return PEOPLE_COLORS[hash % PEOPLE_COLORS.length];
}
