// Order statistics of timings: percentiles, and how well the median is known.

/** Values that a 95 % interval of the median takes: of five, the ends miss it 6 times in 100. */
export const FEWEST = 6;

const MISSED = 0.05;

/**
 * The middle of ascending values, of an even number the mean of the middle two.
 * @param {ArrayLike<number>} ordered
 */
export function median(ordered) {
  return (ordered[(ordered.length - 1) >> 1] + ordered[ordered.length >> 1]) / 2;
}

/**
 * The smallest of ascending values that so many percent of all do not exceed.
 * @param {ArrayLike<number>} ordered
 * @param {number} percent
 */
export function percentile(ordered, percent) {
  return ordered[Math.max(Math.ceil((percent * ordered.length) / 100 - 1e-9), 1) - 1];
}

/**
 * Half the width of the median's 95 % confidence interval, in percent of the median; it lies
 * between two order statistics (David and Nagaraja, Order Statistics, 2003, section 7.1).
 * @param {ArrayLike<number>} ordered ascending values above 0, at least `FEWEST`
 */
export function intervalPercent(ordered) {
  const low = medianRank(ordered.length);
  return (50 * (ordered[ordered.length - low] - ordered[low - 1])) / median(ordered);
}

/**
 * The rank, from 1, of the lower end of the narrowest 95 % interval that is symmetric in ranks: the
 * median lies below the value of rank r with the probability that fewer than r of `count` values
 * fall below it, each with probability 1/2.
 * @param {number} count
 */
export function medianRank(count) {
  // Probabilities of so many heads of `count` fair coins, from none on.
  let log = -count * Math.LN2;
  let atMost = Math.exp(log);
  let rank = 0;
  while (2 * atMost <= MISSED) {
    rank++;
    log += Math.log((count - rank + 1) / rank);
    atMost += Math.exp(log);
  }
  return Math.max(rank, 1);
}

/**
 * A value of five digits: more than any clock is good for.
 * @param {number} value
 */
export function rounded(value) {
  return Number(value.toPrecision(5));
}
