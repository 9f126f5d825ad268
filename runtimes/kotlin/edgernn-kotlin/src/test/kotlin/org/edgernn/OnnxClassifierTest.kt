package org.edgernn

import java.io.File
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.math.abs
import org.edgernn.bundle.Json
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test

/** The shipped model file in ONNX Runtime itself. */
class OnnxClassifierTest {
    /** The file's own proof. */
    @Test
    fun goldenVectorsHold() {
        val verified = Verification.run(classifier)
        assertEquals(emptyList<String>(), verified.failures)
        assertTrue(verified.vectors >= 16)
        // Golden vectors come from Python, whose ONNX Runtime has the same kernels.
        assertTrue("${verified.largestDifference}", verified.largestDifference <= 1e-5f)
        println("golden vectors: ${verified.vectors}, at most ${verified.largestDifference} off")
    }

    /** What Python gives for hundreds of texts; runtimes/kotlin/tools/expected_scores.py writes it. */
    @Test
    fun scoresEqualPython() {
        val path = System.getProperty("edgernn.expected") ?: System.getenv("EDGERNN_EXPECTED")
        assumeTrue("not compared with Python: EDGERNN_EXPECTED does not name its scores", !path.isNullOrEmpty())
        val expected = Json.parse(File(path).readBytes()).asObject()
        assertEquals("the scores are of another model file", classifier.file.sha256, expected["model_sha256"])
        val scores = expected["scores"].asObjects()
        assertTrue("${scores.size} texts", scores.size >= 500)
        var largest = 0.0
        var refused = 0
        for (score in scores) {
            val text = score["text"] as String
            val probability = score["probability"] as Double?
            if (probability == null) {
                refused++
                assertThrows(TextException::class.java) { classifier.score(text) }
                continue
            }
            val found = classifier.score(text)
            val second = checkNotNull(found.probability).toDouble()
            largest = maxOf(largest, abs(second - probability))
            assertEquals(text, probability, second, 1e-5)
            assertEquals(text, score["label"], found.label)
            assertEquals(text, classifier.file.contract.labels[if (found.positive) 1 else 0], found.label)
        }
        println("scores of Python: ${scores.size} texts, $refused refused by both, at most $largest off")
    }

    /** Callers at once get what they get alone. */
    @Test
    fun threadsDoNotDisturbEachOther() {
        val texts = checkNotNull(classifier.file.golden).vectors.filter { it.probability != null }.map { it.ids }
        val alone = texts.map { classifier.probability(it) }
        val pool = Executors.newFixedThreadPool(8)
        try {
            val together = pool.invokeAll(List(8) { Callable { texts.map { classifier.probability(it) } } })
            for (found in together) assertEquals(alone, found.get())
        } finally {
            pool.shutdownNow()
        }
    }

    /** Several threads of the runtime give the same scores; a closed classifier gives none. */
    @Test
    fun settings() {
        val ids = classifier.file.encoder.encode("What a wonderful film, and what a cast!")
        val other = OnnxClassifier(classifier.file, threads = 2)
        assertEquals(2, other.threads)
        assertEquals("onnxruntime", other.runtime)
        assertTrue("${other.runtimeVersion}", other.runtimeVersion.orEmpty().matches(Regex("""\d+\.\d+\.\d+.*""")))
        assertEquals(classifier.probability(ids), other.probability(ids), 1e-6f)
        other.close()
        other.close()
        assertThrows(IllegalStateException::class.java) { other.probability(ids) }
        for (wrong in listOf(intArrayOf(), intArrayOf(-1), intArrayOf(classifier.file.contract.vocabularySize))) {
            assertThrows(IllegalArgumentException::class.java) { classifier.probability(wrong) }
        }
    }

    /** A graph that is sound to the reader and nonsense to the runtime. */
    @Test
    fun graphsThatDoNotRun() {
        val file = ModelFile.read(TinyModels.onnx(), "tiny.onnx", IcuUnicode)
        val found = refusal { OnnxClassifier(file) }
        assertTrue(found, found.startsWith("tiny.onnx: ONNX Runtime cannot run it: ") && '\n' !in found)
    }

    companion object {
        private val classifier = OnnxClassifier(Repository.shipped())

        @JvmStatic
        @AfterClass
        fun close() = classifier.close()
    }
}
