package org.edgernn

import org.edgernn.android.TfliteClassifier
import org.edgernn.android.TfliteRuntime
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** TensorFlow Lite's interpreter stood in for, and the golden vectors against what a runtime may do. */
class ClassifierTest {
    private val file = ModelFile.read(TinyModels.tflite(), "tiny.tflite", IcuUnicode)

    /** Notes what it is asked for; its answer depends on a state that only a reset clears. */
    private class FakeRuntime(private val answer: (IntArray) -> FloatArray) : TfliteRuntime {
        val calls = ArrayList<String>()
        private var shape = 0
        private var state = 0

        override val version = "0.0"

        override fun resize(ids: Int) {
            calls += "resize $ids"
            shape = ids
        }

        override fun resetVariables() {
            calls += "reset"
            state = 0
        }

        override fun run(ids: IntArray): FloatArray {
            calls += "run ${ids.size}"
            check(ids.size == shape) { "the input has $shape places" }
            check(state == 0) { "the state of the last text is still there" }
            state = ids.last()
            return answer(ids)
        }

        override fun close() {
            calls += "close"
        }
    }

    private fun open(answer: (IntArray) -> FloatArray = { floatArrayOf(0.75f) }): Pair<TfliteClassifier, FakeRuntime> {
        val fake = FakeRuntime(answer)
        return TfliteClassifier(file, 2) { _, _, _ -> fake } to fake
    }

    /** Variables are reset before every run, and the input has the text's length. */
    @Test
    fun stateIsReset() {
        val (classifier, fake) = open()
        for (ids in listOf(intArrayOf(4, 2), intArrayOf(3, 3), intArrayOf(5), intArrayOf(4, 2))) classifier.probability(ids)
        assertEquals(
            listOf(
                "resize 2", "reset", "run 2", "reset", "run 2", "resize 1", "reset", "run 1", "resize 2", "reset", "run 2",
            ),
            fake.calls,
        )
        val score = classifier.score("a good film")
        assertEquals("good", score.label)
        assertTrue(score.positive)
        assertEquals(0.75f, score.probability)
        assertEquals(listOf(0.25f, 0.75f), score.probabilities.toList())
        assertEquals(2, score.tokens)
        assertEquals("tflite", classifier.runtime)
        assertEquals("0.0", classifier.runtimeVersion)
        classifier.close()
        classifier.close()
        assertEquals(1, fake.calls.count { it == "close" })
        assertThrows(IllegalStateException::class.java) { classifier.probability(intArrayOf(1)) }
    }

    /** Of several labels, a graph of the exporter gives as many probabilities. */
    @Test
    fun severalLabels() {
        val labels = listOf("comedy", "drama", "music", "war", "crime")
        val attachments = LabelModels.attachments("largest", labels)
        val read = ModelFile.read(TinyModels.tflite(attachments, TinyModels.soundGraph("labels")), "f", IcuUnicode)
        val right = { ids: IntArray -> LabelModels.probabilities("largest", labels, ids.filter { it > 1 }.map { it - 2 }) }
        val classifier =
            TfliteClassifier(read, 1) { _, _, _ -> FakeRuntime { ids -> FloatArray(5) { right(ids)[it].toFloat() } } }
        assertEquals(emptyList<String>(), Verification.run(classifier).failures)
        assertEquals("music", classifier.score("music, music and war").label)
        val short = TfliteClassifier(read, 1) { _, _, _ -> FakeRuntime { floatArrayOf(1f) } }
        assertEquals(
            "f: the graph gave 1 numbers for a text, not 5 probabilities: export it again or get a fresh copy",
            refusal { short.score("music") },
        )
        val other = TinyModels.tflite(LabelModels.attachments("largest", labels.take(4)), TinyModels.soundGraph("labels"))
        assertEquals(
            "f: the graph gives 5 probabilities for a text, the contract has 4",
            refusal { ModelFile.read(other, "f", IcuUnicode) },
        )
    }

    /** The delegate is left out where it is known to be wrong. */
    @Test
    fun delegates() {
        val asked = ArrayList<Boolean>()
        for (name in listOf("fused", "loops")) {
            val bytes = TinyModels.tflite(graph = TinyModels.soundGraph(name))
            val read = ModelFile.read(bytes, "f", IcuUnicode)
            val opened =
                TfliteClassifier(read, 1) { _, threads, useXnnpack ->
                    assertEquals(1, threads)
                    asked += useXnnpack
                    FakeRuntime { floatArrayOf(0.5f) }
                }
            assertEquals(if (asked.last()) "XNNPACK" else "no delegate", opened.options)
        }
        assertEquals(listOf(true, false), asked)
    }

    /** Errors of the runtime, and its answers that are no probability, are the file's. */
    @Test
    fun failures() {
        val broken = open { throw IllegalStateException("node 3 failed\nat some length") }.first
        assertEquals(
            "tiny.tflite: TensorFlow Lite cannot run it: node 3 failed",
            refusal { broken.probability(intArrayOf(1)) },
        )
        val missing = refusal { TfliteClassifier(file, 1) { _, _, _ -> throw UnsatisfiedLinkError("none") } }
        assertTrue(missing, "TensorFlow Lite is not in this app" in missing)
        val unread = refusal { TfliteClassifier(file, 1) { _, _, _ -> throw IllegalArgumentException("bad") } }
        assertEquals("tiny.tflite: TensorFlow Lite cannot run it: bad", unread)
        for (answer in listOf(floatArrayOf(Float.NaN), floatArrayOf(1.1f))) {
            assertTrue("not a probability" in refusal { open { answer }.first.probability(intArrayOf(1)) })
        }
        for (answer in listOf(floatArrayOf(), floatArrayOf(0.5f, 0.5f))) {
            assertTrue("not one probability" in refusal { open { answer }.first.probability(intArrayOf(1)) })
        }
        assertEquals(1f, open { floatArrayOf(1.000001f) }.first.probability(intArrayOf(1)), 0f)
        for (ids in listOf(intArrayOf(), intArrayOf(8), intArrayOf(-1))) {
            assertThrows(IllegalArgumentException::class.java) { open().first.probability(ids) }
        }
        val onnx = ModelFile.read(TinyModels.onnx(), "tiny.onnx", IcuUnicode)
        assertEquals("tiny.onnx: is not a TFLite file", refusal { TfliteClassifier(onnx) })
        assertEquals("tiny.tflite: is not an ONNX file", refusal { OnnxClassifier(file) })
    }

    /** Golden vectors hold for a runtime that gives what they say, and fail for others. */
    @Test
    fun goldenVectors() {
        val right: (IntArray) -> FloatArray = { floatArrayOf(if (it[0] == 4) 0.75f else 0.25f) }
        val verified = Verification.run(open(right).first)
        assertTrue(verified.passed)
        assertEquals(3, verified.vectors)
        assertEquals(0f, verified.largestDifference, 1e-7f)
        assertEquals(1e-4f, verified.tolerance, 0f)

        val flipped = Verification.run(open { floatArrayOf(0.45f) }.first)
        assertFalse(flipped.passed)
        assertEquals(
            listOf("vector 1, \"A good film!\": 0.30 off, the label flips", "vector 2, \"not good\": 0.20 off"),
            flipped.failures,
        )

        var calls = 0
        val drifting = Verification.run(open { ids -> right(ids).also { if (++calls > 2) it[0] += 0.01f } }.first)
        assertEquals(2, drifting.failures.size)
        assertTrue("$drifting", "0.010 off" in drifting.failures[0])
    }

    /** Vectors whose ids are others, and texts that should be refused and are not. */
    @Test
    fun goldenIds() {
        val golden =
            """{"tolerance": 0.001, "vectors": [
            {"text": "good film", "ids": [4, 3], "probability": 0.75},
            {"text": "film", "ids": [], "probability": null}]}"""
        val bytes = TinyModels.tflite(TinyModels.attachments() + ("golden.json" to golden.toByteArray()))
        val read = ModelFile.read(bytes, "f", IcuUnicode)
        val verified = Verification.run(TfliteClassifier(read, 1) { _, _, _ -> FakeRuntime { floatArrayOf(0.75f) } })
        assertEquals(listOf("vector 1, \"good film\": other ids", "vector 2, \"film\": other ids"), verified.failures)
    }

    /** What keeps a state, and what ignores lengths, fails; what does neither passes. */
    @Test
    fun stateAndLengths() {
        val golden =
            """{"tolerance": 0.001, "vectors": [
            {"text": "good", "ids": [4], "probability": 0.4},
            {"text": "good film", "ids": [4, 2], "probability": 0.6},
            {"text": "film good", "ids": [2, 4], "probability": 0.6},
            {"text": "film good", "ids": [2, 4], "probability": 0.6}]}"""
        val attachments = TinyModels.attachments() + ("golden.json" to golden.toByteArray())
        val read = ModelFile.read(TinyModels.onnx(attachments + group("[1, 0]")), "f", IcuUnicode)
        assertEquals(listOf(1, 0), checkNotNull(read.golden).batch)

        class Fake(val keepsState: Boolean, val ignoresLengths: Boolean) : Classifier {
            override val file = read
            override val runtime = "fake"
            override val runtimeVersion: String? = null
            private var last = IntArray(0)

            override fun probabilities(ids: IntArray): FloatArray {
                val before = if (keepsState && last.size == ids.size) last.sum() else 0
                last = ids
                return of(ids.sum() + before)
            }

            override fun together(texts: List<IntArray>): List<FloatArray> {
                val longest = texts.maxOf { it.size }
                return texts.map { of(it.sum() + if (ignoresLengths) longest - it.size else 0) }
            }

            private fun of(sum: Int) = floatArrayOf(1 - sum / 10f, sum / 10f)

            override fun close() = Unit
        }

        assertEquals(emptyList<String>(), Verification.run(Fake(keepsState = false, ignoresLengths = false)).failures)
        val state = Verification.run(Fake(keepsState = true, ignoresLengths = false)).failures
        assertTrue("$state", state.any { "vector 4" in it && "0.60 off" in it })
        val lengths = Verification.run(Fake(keepsState = false, ignoresLengths = true)).failures
        assertEquals(listOf("vector 1, \"good\": 0.10 off, the label flips"), lengths)
    }

    private fun group(json: String) = mapOf("golden_batch.json" to json.toByteArray())

    /** A group is places of vectors that have ids. */
    @Test
    fun groupsThatAreNone() {
        for ((json, reason) in listOf(
            "{}" to "not a list of 2 to 64 places",
            "[0]" to "not a list of 2 to 64 places",
            "[0, 3]" to "3 is not the place of a vector that has ids",
            "[0, 2]" to "2 is not the place of a vector that has ids",
            "[0, -1]" to "-1 is not the place of a vector that has ids",
            "[0, 0.5]" to "0.5 is not the place of a vector that has ids",
        )) {
            val bytes = TinyModels.onnx(TinyModels.attachments() + group(json))
            assertEquals("f: golden_batch.json: $reason", refusal { ModelFile.read(bytes, "f", IcuUnicode) })
        }
    }

    /** A graph for one text a call has no lengths. */
    @Test
    fun oneTextACall() {
        val one = ModelFile.read(TinyModels.onnx(graph = TinyModels.onnxGraph(listOf("ids"))), "f", IcuUnicode)
        val many = ModelFile.read(TinyModels.onnx(), "f", IcuUnicode)
        assertEquals(listOf(false, true), listOf(one.takesBatches, many.takesBatches))
    }

    /** A file that has nothing to prove itself with says so. */
    @Test
    fun noGoldenVectors() {
        val none = TinyModels.attachments() - "golden.json"
        val refused = """{"tolerance": 0.1, "vectors": [{"text": "a", "ids": [], "probability": null}]}"""
        val empty = none + ("golden.json" to refused.toByteArray())
        for ((attachments, error) in listOf(
            none to "f: carries no golden vectors: export it again",
            empty to "f: none of its golden vectors has a probability: export it again",
        )) {
            val read = ModelFile.read(TinyModels.tflite(attachments), "f", IcuUnicode)
            val classifier = TfliteClassifier(read, 1) { _, _, _ -> FakeRuntime { floatArrayOf(0.5f) } }
            assertEquals(error, refusal { Verification.run(classifier) })
        }
    }
}
