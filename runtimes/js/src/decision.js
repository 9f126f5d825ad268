/**
 * How probabilities become labels, as docs/contract.md says: all are compared as 64-bit floats, and
 * a threshold itself is enough.
 *
 * Everywhere there is one probability for each label. With `threshold` the second alone counts; the
 * first is 1 minus it.
 */

/** @typedef {Pick<import("./contract.js").Contract, "decision" | "threshold" | "thresholds" | "noneBelow">} Rules */

/**
 * Returns the numbers of the labels that a text gets, in the contract's order.
 * @param {Rules} rules
 * @param {ArrayLike<number>} probabilities
 */
export function given(rules, probabilities) {
  const all = Array.from(probabilities);
  // What is not a number gives no label.
  if (all.some(Number.isNaN)) return [];
  if (rules.decision === "each") {
    return [...all.keys()].filter((label) => all[label] >= rules.thresholds[label]);
  }
  const isGiven = rules.noneBelow === null || confidence(rules, all) >= rules.noneBelow;
  return isGiven ? [likeliest(rules, all)] : [];
}

/**
 * Returns the probability of the likeliest answer.
 * @param {Rules} rules
 * @param {ArrayLike<number>} probabilities
 */
export function confidence(rules, probabilities) {
  const label = likeliest(rules, probabilities);
  const isFirst = rules.decision === "threshold" && label === 0;
  return isFirst ? 1 - probabilities[1] : probabilities[label];
}

/**
 * Of equal ones the first.
 * @param {Rules} rules
 * @param {ArrayLike<number>} probabilities
 */
function likeliest(rules, probabilities) {
  if (rules.decision === "threshold") {
    return probabilities[1] >= /** @type {number} */ (rules.threshold) ? 1 : 0;
  }
  let best = 0;
  for (let label = 1; label < probabilities.length; label++) {
    if (probabilities[label] > probabilities[best]) best = label;
  }
  return best;
}
