package org.edgernn

import java.math.BigInteger
import org.edgernn.bundle.Json
import org.edgernn.bundle.JsonException
import org.edgernn.bundle.shown

/**
 * A text, and what the file made of it when it was exported.
 *
 * @property ids as the network sees them, padding of the contract included.
 * @property probabilities one for each label; null where [ids] is empty, an error of the text.
 * @property probability of the second label, where a text has one of two; null likewise, and with
 *   other decisions.
 */
public class GoldenVector internal constructor(
    public val text: String,
    public val ids: IntArray,
    public val probabilities: DoubleArray?,
    public val probability: Double?,
)

/**
 * The golden vectors of a file, by which a runtime proves itself.
 *
 * @property tolerance how far a runtime's probability may lie from a vector's.
 * @property batch places of vectors to score in one call, in this order; empty where the graph takes one text a
 *   call.
 */
public class GoldenVectors internal constructor(
    public val tolerance: Double,
    public val vectors: List<GoldenVector>,
    public val batch: List<Int> = emptyList(),
) {
    internal companion object {
        /** The attachment's name. */
        const val NAME = "golden.json"

        /** The name of the attachment that [batch] is. */
        const val BATCH = "golden_batch.json"

        private const val MAX_VECTORS = 256
        private const val MAX_BATCH = 64
        private const val MAX_CHARACTERS = 1 shl 16

        /**
         * Reads the attachment of a file with this contract.
         *
         * @param batch the attachment that [GoldenVectors.batch] is; null where there is none.
         * @throws ModelException it is no JSON, or holds what no file with the contract gives.
         */
        fun read(json: ByteArray, contract: TextContract, batch: ByteArray? = null): GoldenVectors {
            val values = parsed(json, NAME)
            if (values !is Map<*, *> || values.keys != setOf("tolerance", "vectors")) {
                throw ModelException("$NAME: not an object of tolerance and vectors")
            }
            val tolerance = number(values["tolerance"])
            if (tolerance == null || !(tolerance > 0 && tolerance < 1)) {
                throw ModelException("$NAME: tolerance ${shown(values["tolerance"])} is not in (0, 1)")
            }
            val vectors = values["vectors"]
            if (vectors !is List<*> || vectors.size !in 1..MAX_VECTORS) {
                throw ModelException("$NAME: vectors is not a list of 1 to $MAX_VECTORS")
            }
            val read = vectors.mapIndexed { i, value -> vector(value, i + 1, contract) }
            return GoldenVectors(tolerance, read, batch?.let { places(it, read) }.orEmpty())
        }

        private fun parsed(json: ByteArray, name: String): Any? =
            try {
                Json.parse(json)
            } catch (error: JsonException) {
                throw ModelException("$name: not JSON: ${error.message}")
            }

        private fun places(json: ByteArray, vectors: List<GoldenVector>): List<Int> {
            val values = parsed(json, BATCH)
            if (values !is List<*> || values.size !in 2..MAX_BATCH) {
                throw ModelException("$BATCH: not a list of 2 to $MAX_BATCH places")
            }
            return values.map { place ->
                if (place !is Long || place !in vectors.indices || vectors[place.toInt()].ids.isEmpty()) {
                    throw ModelException("$BATCH: ${shown(place)} is not the place of a vector that has ids")
                }
                place.toInt()
            }
        }

        private fun vector(value: Any?, number: Int, contract: TextContract): GoldenVector {
            fun refused(reason: String) = ModelException("$NAME: vector $number: $reason")

            val isBinary = contract.decides.isBinary
            val last = if (isBinary) "probability" else "probabilities"
            if (value !is Map<*, *> || value.keys != setOf("text", "ids", last)) {
                throw refused("not an object of ids, $last, text")
            }
            val text = value["text"]
            if (text !is String || text.codePointCount(0, text.length) > MAX_CHARACTERS) {
                throw refused("text is not a string of at most $MAX_CHARACTERS characters")
            }
            val ids = ids(value["ids"], contract)
            if (ids == null || ids.size > contract.maxLength) {
                throw refused(
                    "ids is not a list of at most ${contract.maxLength} integers in " +
                        "[0, ${contract.vocabularySize - 1}]",
                )
            }
            val given = value[last]
            if ((given == null) != ids.isEmpty()) {
                val there = if (isBinary) "is a probability" else "are probabilities"
                throw refused("there $there where there are ids, null where there are none")
            }
            if (given == null) return GoldenVector(text, ids, null, null)
            if (!isBinary && (given !is List<*> || given.size != contract.outputs)) {
                throw refused("$last is not a list of ${contract.outputs} numbers")
            }
            val all = if (given is List<*> && !isBinary) given else listOf(given)
            val numbers =
                all.map { one ->
                    number(one)?.takeIf { it in 0.0..1.0 }
                        ?: throw refused("probability ${shown(one)} is not in [0, 1]")
                }
            return if (isBinary) {
                GoldenVector(text, ids, doubleArrayOf(1 - numbers[0], numbers[0]), numbers[0])
            } else {
                GoldenVector(text, ids, numbers.toDoubleArray(), null)
            }
        }

        private fun ids(value: Any?, contract: TextContract): IntArray? {
            if (value !is List<*>) return null
            return IntArray(value.size) {
                val id = value[it]
                if (id !is Long || id !in 0 until contract.vocabularySize) return null
                id.toInt()
            }
        }

        private fun number(value: Any?): Double? =
            when (value) {
                is Long -> value.toDouble()
                is BigInteger -> value.toDouble()
                is Double -> value
                else -> null
            }
    }
}
