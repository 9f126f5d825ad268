package org.edgernn.bench

import java.math.BigDecimal
import java.math.MathContext
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.ln
import kotlin.math.exp
import kotlin.math.roundToInt
import kotlin.math.sqrt

/** Order statistics of timings: percentiles, and how well the median is known. */
internal object Statistics {
    /** Values that a 95 % interval of the median takes: of five, the ends miss it 6 times in 100. */
    const val FEWEST = 6

    private const val MISSED = 0.05
    private val FIVE_DIGITS = MathContext(5)
    private const val HALF = 0.98

    /** Returns the middle of ascending values, of an even number the mean of the middle two. */
    fun median(ordered: DoubleArray): Double =
        (ordered[(ordered.size - 1) / 2] + ordered[ordered.size / 2]) / 2

    /** Returns the smallest of ascending values that [percent] of all do not exceed. */
    fun percentile(ordered: DoubleArray, percent: Int): Double {
        val rank = ceil(percent * ordered.size / 100.0 - 1e-9).toInt()
        return ordered[maxOf(rank, 1) - 1]
    }

    /**
     * Returns half the width of the median's 95 % confidence interval, in percent of the median.
     *
     * It lies between two order statistics (David and Nagaraja, Order Statistics, 2003, section 7.1).
     *
     * @param ordered ascending values above 0, at least [FEWEST].
     */
    fun intervalPercent(ordered: DoubleArray): Double {
        val low = medianRank(ordered.size)
        return 100 * (ordered[ordered.size - low] - ordered[low - 1]) / 2 / median(ordered)
    }

    /**
     * Returns the rank, from 1, of the lower end of the narrowest 95 % interval that is symmetric in
     * ranks: the median lies below the value of rank r with the probability that fewer than r of
     * [count] values fall below it, each with probability 1/2.
     */
    fun medianRank(count: Int): Int {
        require(count >= FEWEST) { "$count values give no 95 % interval of the median" }
        // The normal distribution's, and from there to the true one.
        var rank = maxOf(1, (count / 2.0 - HALF * sqrt(count.toDouble())).roundToInt())
        while (rank > 1 && 2 * atMost(rank - 1, count) > MISSED) rank--
        while (2 * atMost(rank, count) <= MISSED) rank++
        return rank
    }

    /** Returns a value of five digits: more than any clock is good for. */
    fun rounded(value: Double): Double = BigDecimal(value).round(FIVE_DIGITS).toDouble()

    /** Returns a value of two decimals. */
    fun hundredths(value: Double): Double = floor(value * 100 + 0.5) / 100

    /** The probability of at most so many heads of [trials] fair coins. */
    private fun atMost(successes: Int, trials: Int): Double {
        var log = -trials * ln(2.0)
        for (i in 1..successes) log += ln((trials - i + 1).toDouble() / i)
        var term = exp(log)
        var total = term
        for (heads in successes downTo 1) {
            term *= heads.toDouble() / (trials - heads + 1)
            total += term
            if (term < 1e-17 * total) break
        }
        return total
    }
}
