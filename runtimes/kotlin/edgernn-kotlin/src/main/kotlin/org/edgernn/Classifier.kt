package org.edgernn

import java.io.Closeable
import java.util.Locale
import kotlin.math.abs

/** A model file that is loaded into a runtime. Safe to call from several threads. */
public interface Classifier : Closeable {
    /** The file that it was made from. */
    public val file: ModelFile

    /** The runtime as a bench calls it: `native`, `onnxruntime` or `tflite`. */
    public val runtime: String

    /** The runtime's version; null where it does not tell. */
    public val runtimeVersion: String?

    /** How many threads one call may use. */
    public val threads: Int
        get() = 1

    /** What else the runtime is set to, such as `XNNPACK`; empty where nothing. */
    public val options: String
        get() = ""

    /**
     * Returns the probability of each label for a text's ids, in the order of the contract's labels.
     *
     * With the decision `threshold` the second is what the graph gives, the first 1 minus it.
     *
     * @param ids at least one, at most [TextContract.maxLength], as [TextEncoder.encode] gives them.
     * @return as many as the contract has labels, each 0 to 1.
     * @throws ModelException the runtime fails on the graph, or gives what are no probabilities.
     * @throws IllegalStateException it is closed.
     */
    @Throws(ModelException::class)
    public fun probabilities(ids: IntArray): FloatArray

    /** Gives its memory back; it fails with no exception, and closes once. */
    override fun close()

    /**
     * Returns what [probabilities] does for each of several texts, from one call of the runtime; null where the
     * runtime or the graph takes one text a call.
     *
     * @throws ModelException as [probabilities].
     * @throws IllegalStateException as [probabilities].
     */
    @Throws(ModelException::class)
    public fun together(texts: List<IntArray>): List<FloatArray>? = null

    /**
     * Returns the probability of the second label for a text's ids.
     *
     * @throws ModelException as [probabilities].
     * @throws IllegalStateException as [probabilities]; or the contract's decision is not `threshold`.
     */
    @Throws(ModelException::class)
    public fun probability(ids: IntArray): Float {
        check(file.contract.decides.isBinary) { "${file.name}: a text does not have one of two labels" }
        return probabilities(ids)[1]
    }

    /**
     * Scores a text.
     *
     * @throws TextException the text is empty, or no token is left of it.
     * @throws ModelException as [probabilities].
     */
    @Throws(TextException::class, ModelException::class)
    public fun score(text: String): Score {
        val ids = file.encoder.encode(text)
        return Score.of(file.contract, probabilities(ids), ids.size)
    }
}

/** How far an engine's sigmoid may lie outside 0 to 1. */
private const val ROUNDING = 1e-5f

/** How far the sum of a text's probabilities may lie from 1, where it gets one label of several. */
private const val SUM_ROUNDING = 1e-3

/** Makes sure that ids are those of a text: an engine in native code may believe them. */
internal fun requireIds(ids: IntArray, file: ModelFile) {
    val size = file.contract.vocabularySize
    val longest = file.contract.maxLength
    require(ids.isNotEmpty()) { "there are no ids" }
    require(ids.size <= longest) { "${ids.size} ids, the contract has at most $longest" }
    require(ids.all { it in 0 until size }) { "an id is not in [0, ${size - 1}]" }
}

/**
 * Makes sure that an engine gave what the contract says, and returns it as [Classifier.probabilities]
 * does.
 *
 * @param found what the graph gave for a text.
 * @throws ModelException it is no such probability, or of several labels no such probabilities.
 */
internal fun checkedProbabilities(found: FloatArray, file: ModelFile): FloatArray {
    val contract = file.contract
    fun refused(what: String) =
        ModelException(
            "${file.name}: the graph gave $what: export it again or get a fresh copy",
            ModelException.Reason.SCORE,
        )

    if (found.size != contract.outputs) {
        val wanted = if (contract.outputs == 1) "one probability" else "${contract.outputs} probabilities"
        throw refused("${found.size} numbers for a text, not $wanted")
    }
    // What is not a number is in no range.
    val strange = found.firstOrNull { it !in -ROUNDING..1 + ROUNDING }
    if (strange != null) throw refused("$strange for a text, which is not a probability")
    val sum = found.sumOf { it.toDouble() }
    if (contract.decision == "largest" && abs(sum - 1) > SUM_ROUNDING) {
        throw refused("probabilities for a text that add up to ${"%.4g".format(Locale.ROOT, sum)}, not to 1")
    }
    for (i in found.indices) found[i] = found[i].coerceIn(0f, 1f)
    return if (contract.decides.isBinary) floatArrayOf(1 - found[0], found[0]) else found
}
