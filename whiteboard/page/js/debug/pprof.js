// @ts-check
/**
 * Reads profiles in pprof's format, as the server and `go tool pprof` write them: gzip around protocol buffers
 * (github.com/google/pprof, proto/profile.proto). The page has no other format, so what it shows is what the tool reads.
 *
 * @typedef {{name: string, file: string, line: number, key: string}} Frame a function; `key` is the same in every profile
 * @typedef {{kind: string, unit: string}} ValueType
 * @typedef {{frames: readonly Frame[], values: readonly number[], labels: ReadonlyMap<string, string|number>}} Sample innermost frame first
 * @typedef {{types: readonly ValueType[], samples: readonly Sample[], defaultType: number, periodType: ValueType|null, period: number,
 *   at: number, seconds: number, comments: readonly string[]}} Profile `at` in milliseconds since 1970, 0 when it is not told
 */

/** Beyond this it is no profile of a server that one looks at, but something that fills the browser's memory. */
const MAX_BYTES = 256 * 1024 * 1024;
const VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5;
const LONGEST_VARINT = 10;
const NANOSECONDS_PER_MS = 1_000_000;
/** In an expression that a browser may try for hours: pprof has another engine. No server writes such a one. */
const REPEATED_GROUP = /\)[*+{]/;

/** The bytes are no profile. */
export class BadProfile extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.name = "BadProfile";
  }
}

/** A profile out of a file or an answer, packed or not. Rejects with BadProfile. @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Profile>} */
export async function readProfile(bytes) {
  return decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpack(bytes) : bytes);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Uint8Array>} */
async function unpack(bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > MAX_BYTES) break;
      chunks.push(part.value);
    }
  } catch (error) {
    throw new BadProfile(`gzip: ${error instanceof Error ? error.message : error}`);
  }
  if (size > MAX_BYTES) {
    await reader.cancel();
    throw new BadProfile(`${size} bytes and more, of at most ${MAX_BYTES}`);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

// --- protocol buffers ---------------------------------------------------------------------------

/** A number of up to 64 bits; those that a double cannot hold exactly stay a BigInt, as ids may be hashes. @typedef {number|bigint} Int */
/** The fields of one message, each with all that was written for it. @typedef {Map<number, (Int|Uint8Array)[]>} Fields */

/** One message's bytes. */
class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get isAtEnd() {
    return this.at >= this.bytes.length;
  }

  /** @returns {Int} signed, as all numbers of a profile are that can be large */
  varint() {
    let low = 0, factor = 1;
    const begin = this.at;
    for (let n = 0; n < LONGEST_VARINT; n++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new BadProfile("it ends within a number");
      low += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return low <= Number.MAX_SAFE_INTEGER ? low : this.#large(begin);
    }
    throw new BadProfile("a number of more than 64 bits");
  }

  /** The number that begins there, exactly. @param {number} begin @returns {Int} */
  #large(begin) {
    let value = 0n;
    for (let at = begin, shift = 0n; at < this.at; at++, shift += 7n) value |= BigInt(this.bytes[at] & 0x7f) << shift;
    value = BigInt.asIntN(64, value);
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  /** @param {number} size */
  take(size) {
    const end = this.at + size;
    if (!(size >= 0) || end > this.bytes.length) throw new BadProfile("it ends within a field");
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
}

/** @param {Uint8Array} bytes @returns {Fields} */
function fieldsOf(bytes) {
  const reader = new Reader(bytes), fields = /** @type {Fields} */ (new Map());
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint()), number = Math.floor(tag / 8), kind = tag % 8;
    if (number < 1) throw new BadProfile("a field without a number");
    const value = valueOf(reader, kind);
    const known = fields.get(number);
    if (known) known.push(value);
    else fields.set(number, [value]);
  }
  return fields;
}

/** @param {Reader} reader @param {number} kind @returns {Int|Uint8Array} */
function valueOf(reader, kind) {
  if (kind === VARINT) return reader.varint();
  if (kind === BYTES) return reader.take(Number(reader.varint()));
  if (kind === FIXED64) return reader.take(8);
  if (kind === FIXED32) return reader.take(4);
  throw new BadProfile(`a field of kind ${kind}`);
}

/** Messages within one. @param {Fields} fields @param {number} number @returns {Fields[]} */
function messages(fields, number) {
  return (fields.get(number) ?? []).map((value) => fieldsOf(asBytes(value)));
}

/** @param {Int|Uint8Array} value */
function asBytes(value) {
  if (value instanceof Uint8Array) return value;
  throw new BadProfile("a number in place of a message");
}

/** All numbers of a field, packed or not. @param {Fields} fields @param {number} number @returns {Int[]} */
function numbers(fields, number) {
  /** @type {Int[]} */
  const all = [];
  for (const value of fields.get(number) ?? []) {
    if (!(value instanceof Uint8Array)) {
      all.push(value);
      continue;
    }
    for (const reader = new Reader(value); !reader.isAtEnd;) all.push(reader.varint());
  }
  return all;
}

/** The last number of a field, as a later one replaces the earlier. @param {Fields} fields @param {number} number @returns {Int} */
function one(fields, number) {
  const value = fields.get(number)?.at(-1) ?? 0;
  if (value instanceof Uint8Array) throw new BadProfile("bytes in place of a number");
  return value;
}

// --- profiles -----------------------------------------------------------------------------------

/** @param {Uint8Array} bytes @returns {Profile} */
export function decode(bytes) {
  const fields = fieldsOf(bytes), decoder = new TextDecoder();
  const strings = (fields.get(6) ?? []).map((text) => decoder.decode(asBytes(text)));
  const text = (/** @type {Int} */ index) => strings[Number(index)] ?? "";
  const valueType = (/** @type {Fields} */ type) => ({ kind: text(one(type, 1)), unit: text(one(type, 2)) });
  const types = messages(fields, 1).map(valueType);
  if (types.length === 0) throw new BadProfile("it says not what it counts");
  const locations = locationsOf(fields, text);
  const isDropped = dropping(text(one(fields, 7)));
  const samples = messages(fields, 2).map((sample) => ({
    frames: pruned(numbers(sample, 1).flatMap((id) => locations.get(id) ?? []), isDropped),
    values: valuesOf(sample, types.length),
    labels: labelsOf(sample, text),
  }));
  const [periodType] = messages(fields, 11);
  const wanted = types.findIndex(({ kind }) => kind === text(one(fields, 14)));
  return {
    types, samples,
    defaultType: wanted < 0 ? types.length - 1 : wanted,
    periodType: periodType ? valueType(periodType) : null,
    period: Number(one(fields, 12)),
    at: Number(one(fields, 9)) / NANOSECONDS_PER_MS,
    seconds: Number(one(fields, 10)) / (1000 * NANOSECONDS_PER_MS),
    comments: numbers(fields, 13).map(text),
  };
}

/** The frames of each location by its id: several where functions were inlined. @param {Fields} fields @param {(index: Int) => string} text @returns {Map<Int, Frame[]>} */
function locationsOf(fields, text) {
  /** @type {Map<Int, {name: string, file: string}>} */
  const functions = new Map(messages(fields, 5).map((made) => [one(made, 1), { name: text(one(made, 2)), file: text(one(made, 4)) }]));
  return new Map(messages(fields, 4).map((location) => {
    const frames = messages(location, 4).map((line) => frameOf(functions.get(one(line, 1)), Number(one(line, 2))));
    return [one(location, 1), frames.length ? frames : [frameOf({ name: addressOf(location), file: "" }, 0)]];
  }));
}

/** @param {{name: string, file: string}|undefined} known @param {number} line @returns {Frame} */
function frameOf(known, line) {
  const { name, file } = known ?? { name: "?", file: "" };
  return { name, file, line, key: `${name}\n${file}` };
}

/** What is known of a place without a name. @param {Fields} location */
function addressOf(location) {
  return `0x${one(location, 3).toString(16)}`;
}

/** @param {Fields} sample @param {number} count */
function valuesOf(sample, count) {
  const values = numbers(sample, 2).map(Number);
  if (values.length !== count) throw new BadProfile(`a sample of ${values.length} values, not ${count}`);
  return values;
}

/** @param {Fields} sample @param {(index: Int) => string} text @returns {Map<string, string|number>} */
function labelsOf(sample, text) {
  return new Map(messages(sample, 3).map((label) => {
    const word = one(label, 2);
    return [text(one(label, 1)), word ? text(word) : Number(one(label, 3))];
  }));
}

/** Which functions a reader leaves out; none where the expression is not one that we read too. @param {string} expression @returns {(frame: Frame) => boolean} */
function dropping(expression) {
  if (!expression || REPEATED_GROUP.test(expression)) return () => false;
  try {
    const pattern = new RegExp(`^(?:${expression})$`);
    return ({ name }) => pattern.test(name);
  } catch {
    return () => false;
  }
}

/**
 * As pprof does: from the outermost frame on, the first that is to be dropped goes with all that it called, but for those that
 * come before anything else. @param {Frame[]} frames @param {(frame: Frame) => boolean} isDropped
 */
function pruned(frames, isDropped) {
  let isInside = false;
  for (let n = frames.length - 1; n >= 0; n--) {
    if (!isDropped(frames[n])) isInside = true;
    else if (isInside) return frames.slice(n + 1);
  }
  return frames;
}
