// @ts-check
/** What can be said of a histogram: as `diagnostics/figures.py` has it, of which this is the page's twin. */

/** @typedef {{bounds?: number[], counts?: number[], largest?: number}} Histogram */

/** An upper bound of what `share` of all took at most; 0 when there was none. @param {Histogram} histogram @param {number} share */
export function quantile({ bounds = [], counts = [], largest = 0 }, share) {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [n, bound] of bounds.entries()) {
    seen += counts[n];
    if (seen >= wanted) return Math.min(bound, largest);
  }
  return largest;
}
