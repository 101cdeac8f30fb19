// @ts-check
/** Amounts as people read them. */

const KIB = 1024;
const BYTE_STEPS = ["B", "KiB", "MiB", "GiB", "TiB"];
/** @type {[number, string][]} nanoseconds */
const TIMES = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
/** @type {Record<string, number>} */
const TIME_UNITS = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 };
const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** With three digits that count. @param {number} value */
export function digits(value) {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** @param {number} bytes */
export function bytesText(bytes) {
  let value = bytes, step = 0;
  while (Math.abs(value) >= KIB && step < BYTE_STEPS.length - 1) {
    value /= KIB;
    step += 1;
  }
  return `${digits(value)} ${BYTE_STEPS[step]}`;
}

/** @param {number} nanoseconds */
function nanosecondsText(nanoseconds) {
  const [size, unit] = TIMES.find(([least]) => Math.abs(nanoseconds) >= least) ?? TIMES[TIMES.length - 1];
  return `${digits(nanoseconds / size)} ${unit}`;
}

/** A short time. @param {number} seconds */
export const secondsText = (seconds) => (seconds === 0 ? "0 s" : nanosecondsText(seconds * 1e9));

/** A long time, in its two largest units. @param {number} seconds */
export function ageText(seconds) {
  const whole = Math.floor(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/** A value of a profile in its unit. @param {number} value @param {string} unit as pprof names them */
export function amountText(value, unit) {
  if (unit === "bytes") return bytesText(value);
  if (unit in TIME_UNITS) return value === 0 ? "0" : nanosecondsText(value * TIME_UNITS[unit]);
  return digits(value);
}

/** With its sign. @param {number} value @param {string} unit */
export const changeText = (value, unit) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${amountText(Math.abs(value), unit)}`;

/** @param {number} part @param {number} whole */
export function shareText(part, whole) {
  if (!whole) return "–";
  const share = (100 * part) / whole;
  return `${share >= 99.95 || share === 0 ? share.toFixed(0) : share.toFixed(share >= 10 ? 1 : 2)} %`;
}

/** A figure's value by the unit that its name ends with, as Prometheus wants names. @param {string} name @param {number} value */
export function figureText(name, value) {
  const base = name.replace(/_total$/, "");
  if (base.endsWith("_time_seconds")) return new Date(1000 * value).toLocaleString();
  if (base.endsWith("_bytes")) return bytesText(value);
  if (base.endsWith("_seconds")) return secondsText(value);
  return digits(value);
}
