package org.edgernn

import java.io.Closeable

/**
 * What a text got.
 *
 * @property label the name of its class, from the file's contract.
 * @property probability the probability of the second label, 0 to 1.
 * @property positive whether [label] is the second one.
 * @property tokens how many ids the text became, padding of the contract included.
 */
class Score(val label: String, val probability: Float, val positive: Boolean, val tokens: Int)

/** A model file that is loaded into a runtime. Safe to call from several threads. */
interface Classifier : Closeable {
    /** The file that it was made from. */
    val file: ModelFile

    /** The runtime as a bench calls it: `onnxruntime` or `tflite`. */
    val runtime: String

    /** The runtime's version; null where it does not tell. */
    val runtimeVersion: String?

    /** How many threads one call may use. */
    val threads: Int
        get() = 1

    /** What else the runtime is set to, such as `XNNPACK`; empty where nothing. */
    val options: String
        get() = ""

    /**
     * Returns the probability of the second label for a text's ids.
     *
     * @param ids at least one, as [TextEncoder.encode] gives them.
     * @throws ModelException the runtime fails on the graph, or gives what is no probability.
     * @throws IllegalStateException it is closed.
     */
    fun probability(ids: IntArray): Float

    /**
     * Scores a text.
     *
     * @throws TextException the text is empty, or no token is left of it.
     * @throws ModelException as [probability].
     */
    fun score(text: String): Score {
        val ids = file.encoder.encode(text)
        val probability = probability(ids)
        val positive = file.contract.isPositive(probability)
        return Score(file.contract.labels[if (positive) 1 else 0], probability, positive, ids.size)
    }
}

/** How far an engine's sigmoid may lie outside 0 to 1. */
private const val ROUNDING = 1e-5f

/** Makes sure that ids are those of a text: an engine in native code may believe them. */
internal fun requireIds(ids: IntArray, file: ModelFile) {
    val size = file.contract.vocabularySize
    require(ids.isNotEmpty()) { "there are no ids" }
    require(ids.all { it in 0 until size }) { "an id is not in [0, ${size - 1}]" }
}

/**
 * Makes sure that an engine gave what the contract says: one probability.
 *
 * @throws ModelException it did not.
 */
internal fun checkedProbability(found: FloatArray, file: ModelFile): Float {
    // What is not a number is in no range.
    if (found.size != 1 || found[0] !in -ROUNDING..1 + ROUNDING) {
        throw ModelException(
            "${file.name}: the graph gave ${found.take(2).joinToString().ifEmpty { "nothing" }} for a " +
                "text, which is not a probability: export it again or get a fresh copy",
        )
    }
    return found[0].coerceIn(0f, 1f)
}
