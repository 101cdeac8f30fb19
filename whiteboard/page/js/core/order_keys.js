/**
 * Fractional z-order keys: between any two there is room for another. Pure strings.
 *
 * A key is an integer part and a fraction, both in base 62 with digits in ASCII order, so that plain
 * string comparison orders keys. The integer part begins with a head letter that tells how many
 * digits follow ('a' one, 'b' two, … upwards; 'Z' one, 'Y' two, … downwards). A fraction never ends
 * in '0', so that every key has one spelling. The same scheme as `whiteboard/core/order_keys.py`,
 * held together by `tests/vectors/order_keys.json`.
 */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MAX_DIGITS = 26;
const LOWEST = "A" + "0".repeat(MAX_DIGITS);
const HIGHEST = "z".repeat(MAX_DIGITS + 1);
const SHAPE = /^(?:[a-zA-Z])[0-9A-Za-z]+$/;

/**
 * The key of an integer, without fraction: rises with `n`.
 * @param {number} n a safe integer
 * @returns {string}
 */
export function orderKey(n) {
  let size = 1;
  if (n >= 0) {
    let rest = n;
    for (let room = 62; rest >= room; room *= 62) {
      rest -= room;
      size += 1;
    }
    return letter("a", size - 1) + digits(rest, size);
  }
  let rest = -1 - n;
  let room = 62;
  for (; rest >= room; room *= 62) {
    rest -= room;
    size += 1;
  }
  // the complement digit by digit: `room - 1 - rest` is beyond exact integers for large numbers
  const spelled = [...digits(rest, size)].map((digit) => DIGITS[61 - DIGITS.indexOf(digit)]);
  return letter("Z", 1 - size) + spelled.join("");
}

/**
 * A key above `a` and below `b`; null means no neighbour on that side. Exists for any two keys.
 * @param {string|null} a
 * @param {string|null} b
 * @returns {string}
 * @throws {RangeError} when one is no key, or a >= b
 */
export function keyBetween(a, b) {
  for (const key of [a, b]) {
    if (key !== null && !isOrderKey(key)) throw new RangeError(`${JSON.stringify(key)} is no order key`);
  }
  if (a !== null && b !== null && a >= b) throw new RangeError(`no key lies between ${a} and ${b}`);
  return a === null ? before(b) : after(a, b);
}

/**
 * Order of two keys, by ASCII: -1, 0 or 1.
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
export function compareKeys(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Whether a string is a well-formed key: not the lowest integer, below which no key would fit.
 * @param {string} text
 * @returns {boolean}
 */
export function isOrderKey(text) {
  if (!SHAPE.test(text) || text === LOWEST) return false;
  const size = integerSize(text);
  return text.length === size || (text.length > size && !text.endsWith("0"));
}

/** @param {string|null} b */
function before(b) {
  if (b === null) return "a0";
  const [integer, fraction] = split(b);
  if (integer === LOWEST) return integer + midpoint("", fraction);
  if (fraction) return integer;
  const previous = step(integer, -1);
  return previous === LOWEST ? previous + midpoint("", null) : previous;
}

/**
 * @param {string} a
 * @param {string|null} b
 */
function after(a, b) {
  const [integer, fraction] = split(a);
  if (integer !== HIGHEST) {
    const next = step(integer, 1);
    if (b === null || next < b) return next;
  }
  if (b === null) return integer + midpoint(fraction, null);
  const [highInteger, highFraction] = split(b);
  return integer + midpoint(fraction, highInteger === integer ? highFraction : null);
}

/**
 * A fraction between two fractions; null stands for 1.
 * @param {string} a
 * @param {string|null} b
 * @returns {string}
 */
function midpoint(a, b) {
  const shared = b === null ? 0 : sharedPrefix(a, b);
  if (b !== null && shared > 0) return b.slice(0, shared) + midpoint(a.slice(shared), b.slice(shared));
  const low = a ? DIGITS.indexOf(a[0]) : 0;
  const high = b ? DIGITS.indexOf(b[0]) : 62;
  if (high - low > 1) return DIGITS[Math.floor((low + high + 1) / 2)];
  if (b !== null && b.length > 1) return b[0];
  return DIGITS[low] + midpoint(a.slice(1), null);
}

/**
 * @param {string} a read as if '0' followed without end
 * @param {string} b
 */
function sharedPrefix(a, b) {
  let size = 0;
  while (size < b.length && (a[size] ?? "0") === b[size]) size += 1;
  return size;
}

/**
 * The integer part's next (+1) or previous (-1), by carrying from the last digit.
 * @param {string} integer
 * @param {1|-1} by
 * @returns {string}
 */
function step(integer, by) {
  const [from, to] = by === 1 ? ["z", "0"] : ["0", "z"];
  const spelled = [...integer.slice(1)];
  for (let at = spelled.length - 1; at >= 0; at -= 1) {
    if (spelled[at] !== from) {
      spelled[at] = DIGITS[DIGITS.indexOf(spelled[at]) + by];
      return integer[0] + spelled.join("");
    }
    spelled[at] = to;
  }
  return otherRange(integer[0], by, to);
}

/**
 * The first (or last) integer of the neighbouring length.
 * @param {string} head
 * @param {1|-1} by
 * @param {string} filler
 */
function otherRange(head, by, filler) {
  if (head === "Z" && by === 1) return "a0";
  if (head === "a" && by === -1) return "Zz";
  const next = letter(head, by);
  if (!/[A-Za-z]/.test(next)) throw new RangeError(`order keys hold ${MAX_DIGITS} digits at most`);
  return next + filler.repeat(integerSize(next) - 1);
}

/** @param {string} key @returns {[integer: string, fraction: string]} */
function split(key) {
  const size = integerSize(key);
  return [key.slice(0, size), key.slice(size)];
}

/** Length of the integer part, head included. @param {string} key */
function integerSize(key) {
  return key[0] >= "a" ? key.charCodeAt(0) - 97 + 2 : 90 - key.charCodeAt(0) + 2;
}

/** @param {string} from @param {number} by */
function letter(from, by) {
  return String.fromCharCode(from.charCodeAt(0) + by);
}

/** @param {number} value @param {number} size */
function digits(value, size) {
  let spelled = "";
  for (let rest = value, left = size; left > 0; left -= 1) {
    spelled = DIGITS[rest % 62] + spelled;
    rest = Math.floor(rest / 62);
  }
  return spelled;
}
