package org.edgernn

/**
 * What a text got.
 *
 * @param contract of the model.
 * @property probabilities one for each of [labels], 0 to 1; do not change it.
 * @property tokens how many ids the text became, padding of the contract included.
 */
class Score(contract: TextContract, val probabilities: FloatArray, val tokens: Int) {
    /** The names of all labels of the model, in its order. */
    val labels: List<String> = contract.labels

    /** The labels given, in the model's order: one or none; with the decision `each` any number. */
    val given: List<String>

    /** The label given, of several the likeliest; null where the text gets none. */
    val label: String?

    /** The probability of the likeliest label, whether it is given or not. */
    val confidence: Double

    /** The probability of the second label, where a text has one of two; null with other decisions. */
    val probability: Float?

    /** Whether the text has the second of two labels; false with other decisions. */
    val positive: Boolean

    init {
        require(probabilities.size == labels.size) { "${probabilities.size} probabilities of ${labels.size} labels" }
        val decides = contract.decides
        val all = probabilities.toDoubles()
        val numbers = decides.given(all)
        given = numbers.map { labels[it] }
        label = numbers.maxByOrNull { all[it] }?.let { labels[it] }
        confidence = decides.confidence(all)
        probability = if (decides.isBinary) probabilities[1] else null
        positive = decides.isBinary && numbers == listOf(1)
    }
}
