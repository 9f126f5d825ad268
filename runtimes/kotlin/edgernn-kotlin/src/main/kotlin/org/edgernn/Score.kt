package org.edgernn

/**
 * What a text got.
 *
 * @property labels the names of all labels of the model, in its order.
 * @property given the labels given, in the model's order: one or none; with the decision `each` any number.
 * @property label the label given, of several the likeliest; null where the text gets none.
 * @property confidence the probability of the likeliest label, whether it is given or not.
 * @property probabilities one for each of [labels], 0 to 1.
 * @property probability of the second label, where a text has one of two; null with other decisions.
 * @property positive whether the text has the second of two labels; false with other decisions.
 * @property tokens how many ids the text became, padding of the contract included.
 */
public data class Score(
    val labels: List<String>,
    val given: List<String>,
    val label: String?,
    val confidence: Double,
    val probabilities: List<Float>,
    val probability: Float?,
    val positive: Boolean,
    val tokens: Int,
) {
    public companion object {
        /**
         * Decides by a contract which labels probabilities give.
         *
         * @param probabilities one for each label of the contract, in its order.
         * @param tokens how many ids the text became.
         */
        @JvmStatic
        public fun of(contract: TextContract, probabilities: FloatArray, tokens: Int): Score {
            val labels = contract.labels
            require(probabilities.size == labels.size) { "${probabilities.size} probabilities of ${labels.size} labels" }
            val decides = contract.decides
            val all = probabilities.toDoubles()
            val numbers = decides.given(all)
            return Score(
                labels = labels,
                given = numbers.map { labels[it] },
                label = numbers.maxByOrNull { all[it] }?.let { labels[it] },
                confidence = decides.confidence(all),
                probabilities = probabilities.toList(),
                probability = if (decides.isBinary) probabilities[1] else null,
                positive = decides.isBinary && numbers == listOf(1),
                tokens = tokens,
            )
        }
    }
}
