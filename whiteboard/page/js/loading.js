// @ts-check
/**
 * Modules that are loaded while the page runs, over a network that may break off at any moment. What has not arrived is asked for
 * again; browsers do fetch it again (HTML: failures are not kept in the module map), but older ones only after a reload.
 */

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** A file of the page has not arrived. That passes. */
export class NotArrived extends Error {
  /** @param {Error} cause what the browser says */
  constructor(cause) {
    super(`a part of the page has not arrived: ${cause.message}`, { cause });
    this.name = "NotArrived";
  }
}

/**
 * What an `import()` brings. Rejects with NotArrived for what browsers call a TypeError: a file did not come, of the module or of
 * what it imports, or not as a script. A module that came and cannot be read or run fails as it does.
 * @template T @param {Promise<T>} importing @returns {Promise<T>}
 */
export async function arrived(importing) {
  try {
    return await importing;
  } catch (error) {
    throw error instanceof TypeError ? new NotArrived(error) : error;
  }
}

/**
 * Asks for parts of the page, ever less often, until all are there. Rejects with the first failure that asking again cannot mend.
 * @param {() => Promise<unknown>[]} ask @param {(ms: number) => Promise<unknown>} pause
 */
export async function untilAllArrive(ask, pause) {
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(LONGEST_PAUSE_MS, ms * 2)) {
    const reasons = (await Promise.allSettled(ask())).flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    if (reasons.length === 0) return;
    const fault = reasons.find((reason) => !(reason instanceof NotArrived));
    if (fault) throw fault;
    await pause(ms);
  }
}
