package org.edgernn

import java.math.BigInteger
import kotlin.math.abs
import org.edgernn.bench.BenchTexts
import org.edgernn.bench.Statistics
import org.edgernn.bundle.Json
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** The bench protocol of docs/bench.md. */
class BenchmarkTest {
    private val machine =
        Machine("Test \"phone\"", "Android 0", 8, 1L shl 33, listOf("neon"), null, mapOf("edgernn" to "0.1.0"))
    private val file = Repository.shipped()

    /** A classifier whose calls take the time that a fake clock says. */
    private class Fake(
        override val file: ModelFile,
        private val name: String,
        private val log: MutableList<String>,
        private val took: (Int) -> Unit,
    ) : Classifier {
        override val runtime = "onnxruntime"
        override val runtimeVersion: String? = null
        override val options = name

        override fun probabilities(ids: IntArray): FloatArray {
            log += "$name ${ids.size}"
            took(ids.size)
            return floatArrayOf(0.5f, 0.5f)
        }

        override fun close() = Unit
    }

    private fun row(json: String, i: Int = 0) = Json.parse(json.toByteArray()).asObject()["rows"].asObjects()[i]

    /** The real thing, end to end; every field of the file is there. */
    @Test
    fun measuresTheShippedModel() {
        OnnxClassifier(file).use { classifier ->
            val lines = ArrayList<String>()
            val settings = BenchmarkSettings(listOf(10, 50), 20.0, 3.0, reviews = 20)
            val json = Benchmark(listOf(classifier), machine, settings).run { lines.add(it) }
            // For `edgernn bench --merge` to read.
            Repository.file("runtimes/kotlin/edgernn-kotlin/target/bench.json").writeText(json)
            val report = Json.parse(json.toByteArray()).asObject()
            assertEquals(listOf("format", "version", "created", "machine", "settings", "rows"), report.keys.toList())
            assertTrue((report["created"] as String).matches(Regex("""\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ""")))
            assertEquals(machine.name, report["machine"].asObject()["name"])
            assertEquals(20L, report["settings"].asObject()["reviews"])
            val row = row(json)
            assertEquals(
                listOf(
                    "runtime", "runtime_version", "options", "requested_device", "device", "threads", "model", "problem",
                    "latency", "throughput", "cold_start_ms", "peak_memory_bytes", "accuracy",
                ),
                row.keys.toList(),
            )
            assertEquals(file.sha256, row["model"].asObject()["sha256"])
            assertEquals(file.card["recipe"], row["model"].asObject()["recipe"])
            assertEquals(listOf(10L, 50L), row["latency"].asObjects().map { it["tokens"] })
            for (latency in row["latency"].asObjects()) {
                val times = listOf("p50_ms", "p95_ms", "p99_ms").map { (latency[it] as Number).toDouble() }
                assertEquals(times.sorted(), times)
                assertTrue(times[0] > 0 && latency["calls"] as Long >= Statistics.FEWEST)
            }
            val throughput = row["throughput"].asObject()
            assertEquals(20L, throughput["reviews"])
            assertTrue((throughput["reviews_per_second"] as Number).toDouble() > 0)
            assertNull(row["problem"])
            assertTrue(lines.isNotEmpty())
        }
    }

    /** With times that are known, so are the figures; and rows take turns. */
    @Test
    fun figuresAndTurns() {
        var now = 0L
        val log = ArrayList<String>()
        val rows = listOf("a" to 1_000_000L, "b" to 3_000_000L).map { (name, took) -> Fake(file, name, log) { now += took } }
        val json = Benchmark(rows, machine, BenchmarkSettings(listOf(10, 50)), clock = { now }).run { true }
        for ((i, milliseconds) in listOf(1.0, 3.0).withIndex()) {
            val row = row(json, i)
            assertEquals("ab"[i].toString(), row["options"])
            for (latency in row["latency"].asObjects()) {
                for (name in listOf("p50_ms", "p95_ms", "p99_ms")) assertEquals(milliseconds, latency[name])
                assertEquals(0.0, latency["interval_percent"])
                assertTrue(latency["calls"] as Long in 100..108)
            }
            assertNull(row["throughput"])
        }
        // Turns are those of `a` and `b` one after the other, every call of another length than the last.
        val turns = log.map { it.substringBefore(' ') }.zipWithNext().count { (one, next) -> one != next }
        assertTrue("$turns turns", turns > 20)
        val lengths = log.map { it.substringAfter(' ').toInt() / 10 }
        assertTrue(lengths.zipWithNext().all { (one, next) -> one != next })
    }

    /** A row that is never sure has its time and no more. */
    @Test
    fun timeIsBounded() {
        var now = 0L
        val chance = java.util.Random(1)
        val noisy = Fake(file, "", ArrayList()) { now += 1_000_000L + chance.nextInt(90_000_000) }
        val settings = BenchmarkSettings(listOf(10), 0.01, 20.0)
        val row = row(Benchmark(listOf(noisy), machine, settings, clock = { now }).run { true })
        assertTrue("$now", now in 20_000_000_000L..25_000_000_000L)
        assertTrue((row["latency"].asObjects()[0]["interval_percent"] as Double) > 0.01)
    }

    /** Asked to stop, it gives what it has. */
    @Test
    fun stops() {
        var now = 0L
        val fake = { Fake(file, "", ArrayList()) { now += 1_000_000L } }
        for (lines in 0..8) {
            var said = 0
            val json = Benchmark(listOf(fake()), machine, BenchmarkSettings(reviews = 5), clock = { now }).run { said++ < lines }
            assertEquals(said, lines + 1)
            val latency = row(json)["latency"].asObjects()
            assertTrue(latency.size == if (lines < 3) 0 else 4)
            assertNull(row(json)["throughput"])
        }
    }

    /** A runtime that fails keeps its row, with the reason and no figures; the others go on. */
    @Test
    fun problems() {
        var now = 0L
        val broken = Fake(file, "broken", ArrayList()) { throw ModelException("it broke\nbadly") }
        val sound = Fake(file, "sound", ArrayList()) { now += 1_000_000L }
        val json = Benchmark(listOf(broken, sound), machine, BenchmarkSettings(reviews = 3), clock = { now }).run { true }
        assertEquals("it broke\\nbadly", row(json)["problem"])
        assertEquals(emptyList<Any>(), row(json)["latency"])
        assertNull(row(json)["device"])
        assertEquals(4, row(json, 1)["latency"].asObjects().size)
        assertTrue(row(json, 1)["throughput"] != null)
    }

    /** Texts are the shortest beginnings that have the tokens; too long ones are left out. */
    @Test
    fun texts() {
        for (tokens in listOf(1, 10, 50, 200, 400)) {
            val text = BenchTexts.ofTokens(file.encoder, tokens) ?: continue
            val found = file.encoder.tokenCount(text)
            assertTrue("$found for $tokens", found in tokens..tokens + 3)
            assertTrue(file.encoder.tokenCount(text.substringBeforeLast(' ', "")) < tokens)
        }
        assertNull(BenchTexts.ofTokens(file.encoder, file.contract.maxLength + 1))
        val tiny = ModelFile.read(TinyModels.onnx(TinyModels.attachments(mapOf("unknown_id" to null))), "f", IcuUnicode)
        assertTrue(tiny.encoder.tokenCount(checkNotNull(BenchTexts.ofTokens(tiny.encoder, 30))) >= 30)
        assertEquals(BenchTexts.reviews(50), BenchTexts.reviews(50))
        assertTrue(BenchTexts.reviews(50).all { it.split(' ').size in 10..1500 })
    }

    /** The sentences are those of edgernn's own bench. */
    @Test
    fun sentencesAreThoseOfPython() {
        val source = Repository.text("edgernn/bench/texts.py").substringAfter("SENTENCES: ").substringBefore("\n)\n")
        val theirs = Regex("\"((?:[^\"\\\\]|\\\\.)*)\",").findAll(source).map { it.groupValues[1] }.toList()
        assertEquals(theirs, BenchTexts.SENTENCES)
    }

    /** The interval of the median against its definition, by binomial coefficients in whole numbers. */
    @Test
    fun medianInterval() {
        for (count in listOf(6, 7, 8, 9, 10, 17, 50, 100, 333, 1000)) {
            var coefficient = BigInteger.ONE
            var below = BigInteger.ZERO
            val all = BigInteger.ONE.shiftLeft(count)
            var expected = 0
            for (heads in 0..count) {
                below += coefficient
                // Rank r is good while fewer than r heads come with at most 2.5 %.
                if (below * BigInteger.valueOf(40) > all) break
                expected = heads + 1
                coefficient *= BigInteger.valueOf((count - heads).toLong())
                coefficient /= BigInteger.valueOf(heads + 1L)
            }
            assertEquals("$count", expected, Statistics.medianRank(count))
        }
        val values = DoubleArray(10) { it + 1.0 }
        assertEquals(5.5, Statistics.median(values), 0.0)
        assertEquals(10.0, Statistics.percentile(values, 95), 0.0)
        assertEquals(19.0, Statistics.percentile(DoubleArray(20) { it + 1.0 }, 95), 0.0)
        // Ranks 2 and 9 of ten: 100 * (9 - 2) / 2 / 5.5.
        assertTrue(abs(Statistics.intervalPercent(values) - 63.636) < 0.001)
        assertEquals(1.2346, Statistics.rounded(1.23456789), 0.0)
        assertThrows(IllegalArgumentException::class.java) { Statistics.medianRank(5) }
    }

    /** Settings that make no sense. */
    @Test
    fun wrongSettings() {
        assertThrows(IllegalArgumentException::class.java) { BenchmarkSettings(tokens = listOf(0)) }
        assertThrows(IllegalArgumentException::class.java) { BenchmarkSettings(precisionPercent = Double.NaN) }
        assertThrows(IllegalArgumentException::class.java) { BenchmarkSettings(secondsPerRow = -1.0) }
        assertThrows(IllegalArgumentException::class.java) { BenchmarkSettings(reviews = -1) }
    }
}
