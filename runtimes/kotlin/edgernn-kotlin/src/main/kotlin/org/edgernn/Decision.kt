package org.edgernn

/**
 * How probabilities become labels, as docs/contract.md says: all are compared as 64-bit floats, and
 * a threshold itself is enough.
 *
 * Everywhere there is one probability for each label. With `threshold` the second alone counts: the
 * first is 1 minus it, which a 32-bit float may round.
 *
 * @property rule `threshold`, `largest` or `each`.
 * @property threshold of `threshold`; 0 with the others.
 * @property thresholds of `each`.
 * @property noneBelow of `threshold` and `largest`; null: a label is always given.
 */
internal class Decision(
    private val rule: String,
    private val threshold: Double,
    private val thresholds: List<Double>,
    private val noneBelow: Double?,
) {
    /** Whether there are two labels, of which the second has its probability from the graph. */
    val isBinary: Boolean
        get() = rule == "threshold"

    /** Tells whether a probability of the second of two labels is on that label's side. */
    fun isPositive(probability: Double): Boolean = probability >= threshold

    /** Returns the numbers of the labels that a text gets, in the contract's order. */
    fun given(probabilities: DoubleArray): List<Int> {
        // What is not a number gives no label.
        if (probabilities.any { it.isNaN() }) return emptyList()
        if (rule == "each") return thresholds.indices.filter { probabilities[it] >= thresholds[it] }
        val likeliest = likeliest(probabilities)
        val isGiven = noneBelow == null || confidence(probabilities) >= noneBelow
        return if (isGiven) listOf(likeliest) else emptyList()
    }

    /** Returns the probability of the likeliest answer. */
    fun confidence(probabilities: DoubleArray): Double {
        val likeliest = likeliest(probabilities)
        return if (isBinary && likeliest == 0) 1 - probabilities[1] else probabilities[likeliest]
    }

    /** Of equal ones the first. */
    private fun likeliest(probabilities: DoubleArray): Int {
        if (isBinary) return if (isPositive(probabilities[1])) 1 else 0
        var best = 0
        for (i in probabilities.indices) if (probabilities[i] > probabilities[best]) best = i
        return best
    }
}

/** Widens 32-bit floats, exactly. */
internal fun FloatArray.toDoubles(): DoubleArray = DoubleArray(size) { this[it].toDouble() }
