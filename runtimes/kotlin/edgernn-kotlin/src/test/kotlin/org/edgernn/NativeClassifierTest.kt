package org.edgernn

import java.io.File
import java.util.concurrent.Callable
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import kotlin.math.abs
import org.edgernn.bundle.Json
import org.junit.AfterClass
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test

/** edgernn's own engine, through the library that an app has. */
class NativeClassifierTest {
    private val texts = checkNotNull(classifier.file.golden).vectors.filter { it.ids.isNotEmpty() }.map { it.ids }

    /** What runtimes/kotlin/tools/expected_scores.py wrote. */
    private fun expected(): Map<String, Any?> {
        val path = System.getenv("EDGERNN_EXPECTED")
        assumeTrue("not compared with Python: EDGERNN_EXPECTED does not name its scores", !path.isNullOrEmpty())
        return Json.parse(File(path).readBytes()).asObject()
    }

    /** The file's own proof, at each level of instructions that this processor has. */
    @Test
    fun goldenVectorsHold() {
        for (level in 1 until NativeEngine.LEVELS.size) {
            if (level > NativeEngine.LEVELS.indexOf(classifier.options)) continue
            NativeClassifier(Repository.shipped(), level).use { other ->
                assertEquals(NativeEngine.LEVELS[level], other.options)
                val verified = Verification.run(other)
                assertEquals(emptyList<String>(), verified.failures)
                assertTrue("${verified.vectors}", verified.vectors >= 16)
                assertTrue("${verified.largestDifference}", verified.largestDifference <= 1e-6f)
                println("golden vectors, ${other.options}: at most ${verified.largestDifference} off")
            }
        }
    }

    /** Hundreds of texts get what Python's default engine gives. */
    @Test
    fun scoresEqualPython() {
        val expected = expected()
        assertEquals("the scores are of another model file", classifier.file.sha256, expected["model_sha256"])
        val scores = expected["scores"].asObjects()
        assertTrue("${scores.size} texts", scores.size >= 500)
        var largest = 0.0
        for (score in scores) {
            val text = score["text"] as String
            val probability = score["probability"] as Double?
            if (probability == null) {
                assertThrows(TextException::class.java) { classifier.score(text) }
                continue
            }
            val found = classifier.score(text)
            val second = checkNotNull(found.probability).toDouble()
            largest = maxOf(largest, abs(second - probability))
            assertEquals(text, probability, second, 1e-6)
            assertEquals(text, score["label"], found.label)
        }
        println("scores of Python: ${scores.size} texts, at most $largest off")
    }

    /** TFLite graphs of other layers, one of them with five labels, get what LiteRT gives. */
    @Test
    fun graphsEqualLiteRt() {
        val labels = listOf("comedy", "drama", "music", "war", "crime")
        val cases = expected()["graphs"].asObjects()
        assertTrue("labels" in cases.map { it["graph"] })
        for ((graph, several) in cases.groupBy { it["graph"] as String }) {
            val attachments =
                if (graph == "labels") LabelModels.attachments("largest", labels) else TinyModels.attachments()
            val bytes = TinyModels.tflite(attachments, TinyModels.soundGraph(graph))
            NativeClassifier(ModelFile.read(bytes, graph, IcuUnicode)).use { other ->
                for (case in several) {
                    val ids = (case["ids"] as List<*>).map { (it as Long).toInt() }.toIntArray()
                    val probabilities = (case["probabilities"] as List<*>).map { it as Double }.toDoubleArray()
                    val found = other.probabilities(ids).toDoubles()
                    val compared = if (probabilities.size == 1) doubleArrayOf(found[1]) else found
                    assertArrayEquals("$graph ${ids.size}", probabilities, compared, 2e-6)
                }
            }
        }
    }

    /** The shipped model as TFLite. */
    @Test
    fun tflite() {
        val path = System.getenv("EDGERNN_TFLITE")
        assumeTrue("no .tflite file was read: EDGERNN_TFLITE names none", !path.isNullOrEmpty())
        NativeClassifier(ModelFile.read(File(path).readBytes(), "model.tflite", IcuUnicode)).use {
            assertEquals(emptyList<String>(), Verification.run(it).failures)
        }
    }

    /** A text has the same bits alone, beside others, and beside so many that several calls are needed. */
    @Test
    fun together() {
        val alone = texts.map { classifier.probabilities(it).toList() }
        assertEquals(alone, classifier.together(texts).map { it.toList() })
        val many = List(3000) { texts[it % texts.size] }
        assertTrue(many.sumOf { it.size } > 1 shl 14)
        assertEquals(many.indices.map { alone[it % texts.size] }, classifier.together(many).map { it.toList() })
        assertEquals(0, classifier.together(emptyList()).size)
    }

    /** Callers at once get what they get alone, and those that have begun end although it is closed. */
    @Test
    fun threads() {
        val alone = texts.map { classifier.probability(it) }
        val pool = Executors.newFixedThreadPool(4)
        try {
            val together = pool.invokeAll(List(8) { Callable { texts.map { classifier.probability(it) } } })
            for (found in together) assertEquals(alone, found.get())
            val other = NativeClassifier(Repository.shipped())
            val begun = CountDownLatch(4)
            val calls =
                List(4) {
                    pool.submit(
                        Callable {
                            begun.countDown()
                            var right = 0
                            try {
                                while (true) {
                                    val at = right % texts.size
                                    check(other.probability(texts[at]) == alone[at]) { "another probability" }
                                    right++
                                }
                            } catch (error: IllegalStateException) {
                                error.message
                            }
                        },
                    )
                }
            begun.await()
            other.close()
            other.close()
            for (call in calls) assertEquals("the classifier is closed", call.get())
        } finally {
            pool.shutdownNow()
        }
    }

    /** Only the contract's ids, and only as many as it allows; the file is not needed any more. */
    @Test
    fun idsAreChecked() {
        val contract = classifier.file.contract
        for (wrong in listOf(
            intArrayOf(),
            intArrayOf(-1),
            intArrayOf(contract.vocabularySize),
            IntArray(contract.maxLength + 1) { 1 },
        )) {
            assertThrows(IllegalArgumentException::class.java) { classifier.probabilities(wrong) }
            assertThrows(IllegalArgumentException::class.java) { classifier.together(listOf(texts[0], wrong)) }
        }
        val file = Repository.shipped()
        NativeClassifier(file).use {
            val size = file.bytes.size
            file.release()
            assertEquals(classifier.probability(texts[0]), it.probability(texts[0]), 0f)
            assertEquals(size, file.size)
            val error = assertThrows(IllegalStateException::class.java) { NativeClassifier(file) }
            assertEquals("model.onnx: its bytes were released: read the file again", error.message)
        }
    }

    /** Graphs that no export has, however sound they are, and files that are cut. */
    @Test
    fun graphsThatItDoesNotKnow() {
        for (bytes in listOf(TinyModels.onnx(), LabelModels.onnx("largest", listOf("a", "b", "c")))) {
            val found = refusal { NativeClassifier(ModelFile.read(bytes, "f", IcuUnicode)) }
            assertTrue(found, found.startsWith("f: edgernn's engine does not run it: ") && '\n' !in found)
        }
        val message = ByteArray(NativeEngine.MESSAGE_BYTES)
        val whole = Repository.bytes(Repository.SHIPPED)
        for (size in listOf(0, 1, 100, whole.size / 2)) {
            assertEquals(0L, NativeEngine.open(whole.copyOf(size), NativeEngine.AUTO, message))
            assertTrue(message.indexOf(0) > 10)
        }
    }

    companion object {
        private val classifier = NativeClassifier(Repository.shipped())

        @JvmStatic
        @AfterClass
        fun close() = classifier.close()
    }
}
