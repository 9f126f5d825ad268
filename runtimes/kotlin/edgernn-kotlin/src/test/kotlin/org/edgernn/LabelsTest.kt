package org.edgernn

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** Models of any number of labels: what is read, scored, checked and proved of them. */
class LabelsTest {
    private val genres = listOf("comedy", "drama", "music", "war", "crime")

    private fun read(decision: String, labels: List<String> = genres, changes: Map<String, Any?> = emptyMap()) =
        ModelFile.read(LabelModels.onnx(decision, labels, changes), "f", IcuUnicode)

    /** A classifier of one method, as an implementation is at the least. */
    private class Fake(override val file: ModelFile, private val answer: (IntArray) -> List<Double>) : Classifier {
        override val runtime = "fake"
        override val runtimeVersion: String? = null

        override fun probabilities(ids: IntArray): FloatArray = answer(ids).map { it.toFloat() }.toFloatArray()

        override fun close() = Unit
    }

    /** ONNX Runtime gives each label its probability, by its definition; the file's own proof holds. */
    @Test
    fun onnxRuntimeScoresEachLabel() {
        val many = List(1024) { "label$it" }
        val models =
            listOf("largest" to genres, "largest" to many, "each" to genres, "each" to genres.take(2), "threshold" to genres.take(2))
        for ((decision, labels) in models) {
            val file = read(decision, labels)
            OnnxClassifier(file).use { classifier ->
                val text = "${labels[1]}, ${labels.last()} and ${labels[1]}"
                val expected = LabelModels.probabilities(decision, labels, listOf(1, labels.size - 1, 1))
                val score = classifier.score(text)
                assertArrayEquals(expected.toDoubleArray(), score.probabilities.toFloatArray().toDoubles(), 1e-6)
                assertEquals(labels, score.labels)
                assertEquals(labels[1], score.label)
                assertEquals(4, score.tokens)
                val verified = Verification.run(classifier)
                assertEquals(emptyList<String>(), verified.failures)
                assertEquals(minOf(labels.size, 20) + 1, verified.vectors)
                assertTrue("${verified.largestDifference}", verified.largestDifference < 1e-6)
            }
        }
    }

    private fun score(decision: String, probabilities: List<Double>, changes: Map<String, Any?> = emptyMap()): Score {
        val file = read(decision, genres.take(probabilities.size), changes)
        return Fake(file) { probabilities }.score("a comedy")
    }

    /** A text has the likeliest label, or none where that is not likely enough. */
    @Test
    fun largest() {
        val found = score("largest", listOf(0.125, 0.625, 0.25))
        assertEquals("drama", found.label)
        assertEquals(listOf("drama"), found.given)
        assertEquals(0.625, found.confidence, 0.0)
        assertEquals(score("largest", listOf(0.125, 0.625, 0.25)), found)
        assertFalse(score("largest", listOf(0.25, 0.625, 0.125)) == found)
        assertEquals(2, found.tokens)
        assertNull(found.probability)
        assertFalse(found.positive)
        val unsure = score("largest", listOf(0.125, 0.625, 0.25), mapOf("none_below" to 0.7))
        assertNull(unsure.label)
        assertEquals(emptyList<String>(), unsure.given)
        assertEquals(0.625, unsure.confidence, 0.0)
    }

    /** A text has any number of labels, in the model's order; the likeliest of them is its label. */
    @Test
    fun each() {
        val found = score("each", listOf(0.625, 0.25, 0.875, 0.375), mapOf("thresholds" to listOf(0.5, 0.5, 0.5, 0.25)))
        assertEquals(listOf("comedy", "music", "war"), found.given)
        assertEquals("music", found.label)
        assertEquals(0.875, found.confidence, 0.0)
        assertNull(found.probability)
        // The likeliest is not given where its own threshold is higher.
        val other = score("each", listOf(0.625, 0.5), mapOf("thresholds" to listOf(0.75, 0.5)))
        assertEquals(listOf("drama"), other.given)
        assertEquals("drama", other.label)
        assertFalse(other.positive)
        val none = score("each", listOf(0.25, 0.375))
        assertNull(none.label)
        assertEquals(0.375, none.confidence, 0.0)
    }

    /** One of two labels may be too unlikely as well; the probability stays that of the second. */
    @Test
    fun threshold() {
        val changes = mapOf("none_below" to 0.75)
        for ((second, label, confidence) in listOf(
            Triple(0.875, "drama", 0.875), Triple(0.625, null, 0.625), Triple(0.375, null, 0.625), Triple(0.125, "comedy", 0.875),
        )) {
            val found = score("threshold", listOf(1 - second, second), changes)
            assertEquals(label, found.label)
            assertEquals(listOfNotNull(label), found.given)
            assertEquals(confidence, found.confidence, 0.0)
            assertEquals(second, checkNotNull(found.probability).toDouble(), 0.0)
            assertEquals(label == "drama", found.positive)
        }
    }

    /** The probability of the second label is asked of two alone. */
    @Test
    fun probabilityIsOfTwoLabels() {
        assertEquals(0.25f, Fake(read("threshold", genres.take(2))) { listOf(0.75, 0.25) }.probability(intArrayOf(2)), 0f)
        for (decision in listOf("largest", "each")) {
            val classifier = Fake(read(decision)) { List(5) { 0.2 } }
            assertThrows(IllegalStateException::class.java) { classifier.probability(intArrayOf(2)) }
            assertThrows(IllegalStateException::class.java) { classifier.file.contract.isPositive(0.5f) }
        }
        val few = Fake(read("largest")) { listOf(0.5, 0.5) }
        assertThrows(IllegalArgumentException::class.java) { few.score("a comedy") }
    }

    /** An engine's answer has the contract's size, is in range, and adds up where one label is given. */
    @Test
    fun answersAreChecked() {
        fun error(decision: String, vararg found: Float) =
            refusal { checkedProbabilities(found, read(decision)) }
                .removePrefix("f: the graph gave ").removeSuffix(": export it again or get a fresh copy")

        for (decision in listOf("largest", "each")) {
            assertEquals("1 numbers for a text, not 5 probabilities", error(decision, 0.5f))
            assertEquals("1.5 for a text, which is not a probability", error(decision, 0f, 0f, 1.5f, 0f, 0f))
            assertEquals("NaN for a text, which is not a probability", error(decision, 0f, 0f, 1f, 0f, Float.NaN))
        }
        val half = floatArrayOf(0.5f, 0.25f, 0.25f, 0.25f, 0.25f)
        assertEquals("probabilities for a text that add up to 1.500, not to 1", error("largest", *half))
        assertArrayEquals(half, checkedProbabilities(half.clone(), read("each")), 0f)
        val rounded = floatArrayOf(1.000005f, 0.0009f, -0.000005f, 0f, 0f)
        val found = checkedProbabilities(rounded, read("largest"))
        assertArrayEquals(floatArrayOf(1f, 0.0009f, 0f, 0f, 0f), found, 0f)
        assertArrayEquals(floatArrayOf(0.75f, 0.25f), checkedProbabilities(floatArrayOf(0.25f), read("threshold", genres.take(2))), 0f)
    }

    /** The golden vectors are compared label by label, and by the labels that they give. */
    @Test
    fun goldenVectorsOfLabels() {
        val file = read("largest", genres.take(3))
        val vectors = checkNotNull(file.golden).vectors
        assertTrue(vectors.all { it.probability == null && it.probabilities?.size == 3 })
        val right = { ids: IntArray -> LabelModels.probabilities("largest", genres.take(3), ids.filter { it > 1 }.map { it - 2 }) }
        assertTrue(Verification.run(Fake(file, right)).passed)
        // Between two labels that the text does not have, and so without another answer.
        val shifted = Verification.run(Fake(file) { right(it).toMutableList().also { p -> p[0] += 0.001; p[2] -= 0.001 } })
        assertEquals(0.001f, shifted.largestDifference, 1e-6f)
        assertEquals(4, shifted.failures.size)
        assertEquals("vector 2, \"drama\": 0.0010 off", shifted.failures[1])
        val turned = Verification.run(Fake(file) { right(it).reversed() })
        // The likeliest of three is in the middle, or all are equal.
        assertEquals(listOf("vector 1, \"comedy\"", "vector 3, \"music\""), turned.failures.map { it.substringBefore(":") })
        assertTrue(turned.failures.all { it.endsWith(" off, the label flips") })

        val each = read("each", genres.take(2))
        val less = Verification.run(Fake(each) { listOf(0.25, 0.25) })
        assertTrue("${less.failures}", less.failures[0].endsWith(" off, the label flips"))
        assertTrue("a text without a label keeps none", less.failures.last().endsWith(" off"))
    }

    /** Golden vectors that no file with the contract gives. */
    @Test
    fun hostileGoldenVectors() {
        val vectors =
            mapOf(
                """{"text": "a", "ids": [1], "probability": 0.5}""" to "not an object of ids, probabilities, text",
                """{"text": "a", "ids": [1], "probabilities": 0.5}""" to "probabilities is not a list of 3 numbers",
                """{"text": "a", "ids": [1], "probabilities": [0.5, 0.5]}""" to "probabilities is not a list of 3 numbers",
                """{"text": "a", "ids": [1], "probabilities": [0, 2, 0]}""" to "probability 2 is not in [0, 1]",
                """{"text": "a", "ids": [1], "probabilities": [0, null, 1]}""" to "probability None is not in [0, 1]",
                """{"text": "a", "ids": [1], "probabilities": null}""" to
                    "there are probabilities where there are ids, null where there are none",
                """{"text": "a", "ids": [], "probabilities": [0, 0, 1]}""" to
                    "there are probabilities where there are ids, null where there are none",
            )
        val contract = read("largest", genres.take(3)).contract
        for ((vector, error) in vectors) {
            val golden = """{"tolerance": 0.1, "vectors": [$vector]}""".toByteArray()
            assertEquals("golden.json: vector 1: $error", refusal { GoldenVectors.read(golden, contract) })
        }
        val none = """{"tolerance": 0.1, "vectors": [{"text": "a", "ids": [], "probabilities": null}]}"""
        assertNull(GoldenVectors.read(none.toByteArray(), contract).vectors.single().probabilities)
    }

    /** A graph gives what the contract decides by, and as many probabilities as it has labels. */
    @Test
    fun graphsOfOtherOutputs() {
        val one = TinyModels.onnx(LabelModels.attachments("largest", genres))
        assertTrue(
            refusal { ModelFile.read(one, "f", IcuUnicode) }
                .endsWith("gives probability FLOAT[1]; expected ids INT32[2], lengths INT32[1] or ids INT32[2] and probabilities FLOAT[2]"),
        )
        val several = TinyModels.onnx(LabelModels.attachments("threshold", genres.take(2)), LabelModels.graph("largest", genres))
        assertTrue(
            refusal { ModelFile.read(several, "f", IcuUnicode) }
                .endsWith("gives probabilities FLOAT[2]; expected ids INT32[2], lengths INT32[1] or ids INT32[2] and probability FLOAT[1]"),
        )
        for ((outputs, given) in listOf(4L to "4", 6L to "6", 1L to "1", 0L to "any number of")) {
            val expected = "f: the graph gives $given probabilities for a text, the contract has 5"
            assertEquals(expected, refusal { ModelFile.read(LabelModels.onnx("each", genres, outputs = outputs), "f", IcuUnicode) })
            val graph = TinyModels.tfliteGraph(output = listOf(1, outputs.toInt()))
            val flat = TinyModels.tflite(LabelModels.attachments("each", genres), graph)
            assertEquals(expected, refusal { ModelFile.read(flat, "f", IcuUnicode) })
        }
        val flat = TinyModels.tflite(LabelModels.attachments("each", genres), TinyModels.tfliteGraph())
        assertTrue(
            refusal { ModelFile.read(flat, "f", IcuUnicode) }
                .endsWith("gives probability FLOAT32[1]; expected ids INT32[2] and probabilities FLOAT32[2]"),
        )
        val deep = TinyModels.tflite(LabelModels.attachments("each", genres), TinyModels.tfliteGraph(output = listOf(1, 5, 1)))
        assertTrue("gives probabilities FLOAT32[3]; expected" in refusal { ModelFile.read(deep, "f", IcuUnicode) })
    }
}
