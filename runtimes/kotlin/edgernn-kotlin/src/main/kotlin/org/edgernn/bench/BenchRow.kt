package org.edgernn.bench

import org.edgernn.Classifier
import org.edgernn.ModelException
import org.edgernn.TextException
import org.edgernn.bundle.oneLine

/** A classifier, and what was measured of it so far. */
internal class BenchRow(private val classifier: Classifier, tokens: List<Int>, private val clock: () -> Long) {
    /** Why it cannot run here, in one line. */
    var problem: String? = null
        private set

    /** Whether it has a text to time. */
    val canRun: Boolean
        get() = problem == null && texts.isNotEmpty()

    private val texts: List<Pair<Int, String>> =
        tokens.distinct().mapNotNull { count ->
            BenchTexts.ofTokens(classifier.file.encoder, count)?.let { count to it }
        }
    private val times = List(texts.size) { Times() }
    private var spent = 0L
    private val passes = Times()
    private var parts: Pair<Double, Double>? = null
    private var reviews = 0

    /** Scores until code and caches are warm. */
    fun warmUp() = guarded {
        val started = clock()
        var cycles = 0
        while (cycles < WARM_UP_CYCLES || clock() - started < WARM_UP_NANOSECONDS) {
            cycle { _, _ -> }
            cycles++
        }
    }

    /** Takes a turn: a cycle over the lengths that is not counted, then one to eight that are. */
    fun takeTurn() = guarded {
        val started = clock()
        cycle { _, _ -> }
        val lead = maxOf(clock() - started, 1)
        val counted = (VISIT_NANOSECONDS / lead).coerceIn(1, MOST_CYCLES).toInt()
        repeat(counted) { cycle { length, nanoseconds -> times[length].add(nanoseconds) } }
        spent += clock() - started
    }

    /** Tells whether all medians are known well enough, or the time is spent. */
    fun isDone(precisionPercent: Double, seconds: Double): Boolean {
        val calls = times[0].size
        if (calls < Statistics.FEWEST) return false
        if (spent >= seconds * 1e9) return true
        return calls >= ENOUGH_CALLS &&
            times.all { Statistics.intervalPercent(it.ordered()) <= precisionPercent }
    }

    /** Scores all reviews once, and the first time in parts, too; false when it is to stop. */
    fun pass(all: List<String>, goOn: () -> Boolean): Boolean {
        var unbroken = true
        guarded {
            val seconds = timed(all, goOn) { scoreOrSkip { classifier.score(it) } }
            unbroken = seconds != null
            if (seconds == null) return@guarded
            if (parts == null) {
                val ids = ArrayList<IntArray>(all.size)
                val encoder = classifier.file.encoder
                val encode = timed(all, goOn) { scoreOrSkip { ids += encoder.encode(it) } }
                val infer = timed(ids, goOn) { classifier.probabilities(it) }
                unbroken = encode != null && infer != null
                if (encode == null || infer == null) return@guarded
                parts = encode to infer
                reviews = all.size
            }
            passes.add((seconds * 1e9).toLong())
        }
        return unbroken
    }

    /** Returns the row of the file. */
    fun toJson(): Map<String, Any?> {
        val file = classifier.file
        val measured = problem == null
        return linkedMapOf(
            "runtime" to classifier.runtime,
            "runtime_version" to classifier.runtimeVersion?.let { oneLine(it) },
            "options" to classifier.options,
            "requested_device" to "cpu",
            "device" to if (measured) "cpu" else null,
            "threads" to classifier.threads,
            "model" to
                linkedMapOf(
                    "name" to oneLine(file.name),
                    "sha256" to file.sha256,
                    "bytes" to file.size,
                    "recipe" to (file.card["recipe"] as? String)?.let { oneLine(it) },
                    "format" to file.format.title,
                    "precision" to ((file.card["precision"] as? String)?.let { oneLine(it) } ?: "unknown"),
                ),
            "problem" to problem,
            "latency" to if (measured) latency() else emptyList(),
            "throughput" to if (measured) throughput() else null,
            "cold_start_ms" to null,
            "peak_memory_bytes" to null,
            "accuracy" to null,
        )
    }

    private fun latency(): List<Map<String, Any?>> =
        texts.indices.filter { times[it].size >= Statistics.FEWEST }.map {
            val ordered = times[it].ordered()
            linkedMapOf(
                "tokens" to texts[it].first,
                "p50_ms" to milliseconds(Statistics.median(ordered)),
                "p95_ms" to milliseconds(Statistics.percentile(ordered, 95)),
                "p99_ms" to milliseconds(Statistics.percentile(ordered, 99)),
                "calls" to ordered.size,
                "interval_percent" to Statistics.hundredths(Statistics.intervalPercent(ordered)),
            )
        }

    private fun throughput(): Map<String, Any?>? {
        val (encode, infer) = parts ?: return null
        if (passes.size == 0) return null
        return linkedMapOf(
            "reviews" to reviews,
            "reviews_per_second" to Statistics.rounded(reviews * 1e9 / Statistics.median(passes.ordered())),
            "encode_seconds" to Statistics.rounded(encode),
            // One review after the other: no batch is formed.
            "batch_seconds" to 0.0,
            "infer_seconds" to Statistics.rounded(infer),
        )
    }

    private fun milliseconds(nanoseconds: Double): Double = Statistics.rounded(nanoseconds / 1e6)

    /** Scores a text of each length once. */
    private inline fun cycle(took: (Int, Long) -> Unit) {
        for (i in texts.indices) {
            val started = clock()
            classifier.score(texts[i].second)
            took(i, clock() - started)
        }
    }

    /** The seconds that [action] takes for all items; null when it is to stop before. */
    private inline fun <T> timed(items: List<T>, goOn: () -> Boolean, action: (T) -> Unit): Double? {
        val started = clock()
        for (item in items) {
            if (!goOn()) return null
            action(item)
        }
        return (clock() - started) / 1e9
    }

    /** A review of which no token is left is none of the runtime's business. */
    private inline fun scoreOrSkip(action: () -> Unit) {
        try {
            action()
        } catch (_: TextException) {
            return
        }
    }

    /** A runtime that fails leaves a row with its reason; its measurements do not count. */
    private inline fun guarded(action: () -> Unit) {
        try {
            action()
        } catch (error: ModelException) {
            problem = oneLine(error.message.orEmpty())
        }
    }

    /** A growing list of nanoseconds. */
    private class Times {
        private var values = LongArray(128)

        var size = 0
            private set

        fun add(nanoseconds: Long) {
            if (size == values.size) values = values.copyOf(2 * size)
            // A coarse clock may not have moved, and the time of a call is above 0.
            values[size++] = maxOf(nanoseconds, 1)
        }

        fun ordered(): DoubleArray = DoubleArray(size) { values[it].toDouble() }.also { it.sort() }
    }

    private companion object {
        const val WARM_UP_CYCLES = 3
        const val WARM_UP_NANOSECONDS = 100_000_000L
        const val VISIT_NANOSECONDS = 20_000_000L
        const val MOST_CYCLES = 8L
        const val ENOUGH_CALLS = 100
    }
}
