/**
 * Stamps: the total order that decides every conflict of the merge.
 *
 * Owns what a stamp is and how two compare. Must not know boards, sockets or clocks: the lamport
 * number comes from the server, or stands above all of them for what is not confirmed yet.
 */

/**
 * Lamport number, client id, counter of the op that wrote something.
 * @typedef {readonly [lamport: number, client: string, counter: number]} Stamp
 */

/**
 * Lamport number of an op that the server has not stored yet: above every real one, so that what
 * somebody has just done shows at once, and only until the server's own number is known.
 */
export const UNCONFIRMED = Number.MAX_SAFE_INTEGER;

/** Above every lamport number of a log, and exact in doubles. */
const INITIAL = 2 ** 53;

/**
 * The stamp at which a create writes its properties: below every set, in the order of creates, so that
 * a set that comes before its create is merged as if it had come after it.
 * @param {Stamp} created
 * @returns {Stamp}
 */
export function initialStamp([lamport, client, counter]) {
  return [lamport - INITIAL, client, counter];
}

/**
 * Order of two stamps: below 0, 0 or above 0.
 * Client ids are ASCII, so comparing code units here and code points elsewhere is the same.
 * @param {Stamp} a
 * @param {Stamp} b
 * @returns {number}
 */
export function compareStamps(a, b) {
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[1] !== b[1]) return a[1] < b[1] ? -1 : 1;
  return a[2] - b[2];
}

/**
 * Client and counter out of `<client>:<counter>`.
 * @param {string} opId
 * @returns {{client: string, counter: number}}
 * @throws {RangeError} when it is no op id
 */
export function parseOpId(opId) {
  const match = /^([A-Za-z0-9_.-]{1,64}):([1-9][0-9]{0,15})$/.exec(opId);
  if (!match) throw new RangeError(`${JSON.stringify(opId)} is no op id`);
  return { client: match[1], counter: Number(match[2]) };
}

/**
 * The stamp of an op as the log has it; an op without `lamport` counts as unconfirmed.
 * @param {{opId: string, lamport?: number}} op
 * @returns {Stamp}
 */
export function stampOf(op) {
  const { client, counter } = parseOpId(op.opId);
  return [op.lamport ?? UNCONFIRMED, client, counter];
}
