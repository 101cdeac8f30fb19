// @ts-check
/** Asking again and again while somebody looks: never two questions at once, and none from a page that is hidden. */

/**
 * Does `work` now and then `every` after it has ended, as long as `isWanted`. @param {() => Promise<void>} work rejects never
 * @param {number} every milliseconds @param {() => boolean} [isWanted]
 * @returns {() => void} does it at once, if it is not under way
 */
export function poll(work, every, isWanted = () => true) {
  let isWorking = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const turn = async () => {
    clearTimeout(timer);
    if (isWorking || document.hidden || !isWanted()) return;
    isWorking = true;
    try {
      await work();
    } finally {
      isWorking = false;
      clearTimeout(timer);
      timer = setTimeout(turn, every);
    }
  };
  document.addEventListener("visibilitychange", turn);
  turn();
  return turn;
}
