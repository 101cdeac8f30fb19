// @ts-check
/** Writes profiles in pprof's format for tests: just what they need of it, written apart from what reads it. */
import { gzipSync } from "node:zlib";

/** @param {number|bigint} value */
export function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest ? low | 0x80 : low);
  } while (rest);
  return bytes;
}

/** @param {number} number @param {number|bigint} value */
export const int = (number, value) => [...varint(number * 8), ...varint(value)];

/** @param {number} number @param {readonly number[]|Uint8Array} bytes */
export const bytes = (number, bytes) => [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];

/** @param {number} number @param {readonly (number|bigint)[]} values */
export const packed = (number, values) => bytes(number, values.flatMap(varint));

/**
 * @param {{types: [string, string][], samples: [string[], (number|bigint)[]][], dropFrames?: string, defaultType?: string, isUnpacked?: boolean,
 *   label?: [string, string]}} content stacks innermost first, each frame as `name file line`
 * @returns {Uint8Array<ArrayBuffer>} not compressed
 */
export function written({ types, samples, dropFrames = "", defaultType = "", isUnpacked = false, label }) {
  const strings = [""], ids = new Map();
  const index = (/** @type {string} */ text) => {
    if (!strings.includes(text)) strings.push(text);
    return strings.indexOf(text);
  };
  const idOf = (/** @type {string} */ frame) => {
    if (!ids.has(frame)) ids.set(frame, ids.size + 1);
    return ids.get(frame);
  };
  const told = samples.flatMap(([stack, values]) => {
    const places = stack.map(idOf), labels = label ? bytes(3, [...int(1, index(label[0])), ...int(2, index(label[1]))]) : [];
    const numbers = isUnpacked
      ? [...places.flatMap((id) => int(1, id)), ...values.flatMap((value) => int(2, value))]
      : [...packed(1, places), ...packed(2, values)];
    return bytes(2, [...numbers, ...labels]);
  });
  const places = [...ids].flatMap(([frame, id]) => {
    const [name, file, line] = frame.split(" ");
    return [
      ...bytes(4, [...int(1, id), ...bytes(4, [...int(1, id), ...int(2, Number(line ?? 0))])]),
      ...bytes(5, [...int(1, id), ...int(2, index(name)), ...int(4, index(file ?? ""))]),
    ];
  });
  const all = [
    ...types.flatMap(([kind, unit]) => bytes(1, [...int(1, index(kind)), ...int(2, index(unit))])), ...told, ...places,
    ...int(7, index(dropFrames)), ...int(9, 1_700_000_000_000_000_000n), ...int(10, 2_000_000_000n), ...int(14, index(defaultType)),
  ];
  const encoder = new TextEncoder();
  return new Uint8Array([...all, ...strings.flatMap((text) => bytes(6, encoder.encode(text)))]);
}

/** As servers send it. @param {Parameters<typeof written>[0]} content @returns {Uint8Array<ArrayBuffer>} */
export const packedProfile = (content) => new Uint8Array(gzipSync(written(content)));
