package org.edgernn

import kotlin.math.abs
import org.edgernn.bundle.oneLine

/**
 * What became of a file's golden vectors.
 *
 * @property vectors how many there are.
 * @property failures one line for each vector that is not as the file says.
 * @property largestDifference the largest distance of a probability from its vector's, whichever label's.
 * @property tolerance the distance that the file allows.
 */
public class Verified(
    public val vectors: Int,
    public val failures: List<String>,
    public val largestDifference: Float,
    public val tolerance: Float,
) {
    /** Whether the runtime has proved itself. */
    public val passed: Boolean
        get() = failures.isEmpty()
}

/** Replays the golden vectors that a model file carries. */
public object Verification {
    private const val SHOWN = 40

    /**
     * Encodes and scores every golden vector, first in their order and then backwards: a runtime in
     * which a score depends on what was scored before differs in one. A group is scored in one call,
     * where there is one and the runtime can: one that ignores lengths differs there.
     *
     * @throws ModelException the file carries no golden vectors with a probability, or the runtime
     *   fails.
     */
    @JvmStatic
    @Throws(ModelException::class)
    public fun run(classifier: Classifier): Verified {
        val file = classifier.file
        val golden =
            file.golden ?: throw unproved("${file.name}: carries no golden vectors: export it again")
        val vectors = golden.vectors
        if (vectors.all { it.probabilities == null }) {
            throw unproved("${file.name}: none of its golden vectors has a probability: export it again")
        }
        val worst = DoubleArray(vectors.size)
        val flips = BooleanArray(vectors.size)
        val decides = file.contract.decides
        fun compare(i: Int, found: DoubleArray) {
            val expected = vectors[i].probabilities ?: return
            // Of two, the first is made of the second.
            for (label in (if (decides.isBinary) 1 else 0) until expected.size) {
                worst[i] = maxOf(worst[i], abs(found[label] - expected[label]))
            }
            flips[i] = flips[i] || decides.given(found) != decides.given(expected)
        }
        for (i in vectors.indices + vectors.indices.reversed()) {
            if (vectors[i].probabilities != null) compare(i, classifier.probabilities(vectors[i].ids).toDoubles())
        }
        if (golden.batch.isNotEmpty()) {
            val found = classifier.together(golden.batch.map { vectors[it].ids })
            found?.forEachIndexed { row, one -> compare(golden.batch[row], one.toDoubles()) }
        }
        val failures =
            vectors.indices.mapNotNull { i ->
                val problems = ArrayList<String>()
                if (!encodesAsBefore(file.encoder, vectors[i])) problems += "other ids"
                if (worst[i] > golden.tolerance) problems += "%.2g off".format(java.util.Locale.ROOT, worst[i])
                if (flips[i]) problems += "the label flips"
                val text = oneLine(vectors[i].text.take(SHOWN))
                if (problems.isEmpty()) null else "vector ${i + 1}, \"$text\": ${problems.joinToString()}"
            }
        val largest = worst.maxOrNull() ?: 0.0
        return Verified(vectors.size, failures, largest.toFloat(), golden.tolerance.toFloat())
    }

    private fun unproved(line: String) = ModelException(line, ModelException.Reason.PROOF)

    private fun encodesAsBefore(encoder: TextEncoder, vector: GoldenVector): Boolean {
        if (!encoder.ids(vector.text).contentEquals(vector.ids)) return false
        if (vector.ids.isNotEmpty()) return true
        return try {
            encoder.encode(vector.text)
            false
        } catch (_: TextException) {
            true
        }
    }
}
