package org.edgernn

import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.TimeZone
import org.edgernn.bench.BenchRow
import org.edgernn.bench.BenchTexts
import org.edgernn.bundle.Json

/**
 * The machine that a bench ran on.
 *
 * @property name such as `Google Pixel 8`.
 * @property system such as `Android 15 (API 35) arm64-v8a`.
 * @property cores that the app may use.
 * @property flags instruction sets that matrix products use.
 * @property governor the CPU frequency governor; null where it cannot be read.
 * @property versions of the packages that matter, by name.
 */
public class Machine(
    public val name: String,
    public val system: String,
    public val cores: Int,
    public val memoryBytes: Long? = null,
    public val flags: List<String> = emptyList(),
    public val governor: String? = null,
    public val versions: Map<String, String> = emptyMap(),
)

/**
 * How a bench measures.
 *
 * @property tokens lengths of the texts; those that a file's contract would cut are left out.
 * @property precisionPercent a row is done once half of the 95 % confidence interval of every median
 *   is at most this many percent of the median.
 * @property secondsPerRow or once it has had this much time.
 * @property reviews how many generated reviews are scored for the throughput; 0: it is not measured.
 */
public class BenchmarkSettings(
    public val tokens: List<Int> = listOf(10, 50, 200, 400),
    public val precisionPercent: Double = 5.0,
    public val secondsPerRow: Double = 10.0,
    public val reviews: Int = 0,
) {
    init {
        require(tokens.isNotEmpty() && tokens.all { it >= 1 }) { "tokens must be 1 or more" }
        require(precisionPercent > 0 && precisionPercent.isFinite()) { "precisionPercent must be above 0" }
        require(secondsPerRow >= 0 && secondsPerRow.isFinite()) { "secondsPerRow must not be negative" }
        require(reviews >= 0) { "reviews must not be negative" }
    }
}

/**
 * Measures classifiers side by side, by the protocol of docs/bench.md: text in, probability out;
 * rows in turn, so that a phone that grows hot moves them all.
 *
 * @param classifiers one row each; they stay open.
 */
public class Benchmark internal constructor(
    private val classifiers: List<Classifier>,
    private val machine: Machine,
    private val settings: BenchmarkSettings,
    private val clock: () -> Long,
) {
    public constructor(
        classifiers: List<Classifier>,
        machine: Machine,
        settings: BenchmarkSettings = BenchmarkSettings(),
    ) : this(classifiers, machine, settings, System::nanoTime)

    /**
     * Measures; call it off the main thread.
     *
     * @param progress gets one line for people now and then, and returns whether to go on; what was
     *   measured until it returns false is in the result.
     * @return the JSON that `edgernn bench --merge` reads.
     */
    public fun run(progress: (String) -> Boolean): String {
        val rows = classifiers.map { BenchRow(it, settings.tokens, clock) }
        val goesOn = measureLatency(rows, progress)
        if (goesOn && settings.reviews > 0) measureThroughput(rows, progress)
        return Json.write(
            linkedMapOf(
                "format" to "edgernn-bench",
                "version" to 1,
                "created" to now(),
                "machine" to machineJson(),
                "settings" to
                    linkedMapOf(
                        "tokens" to settings.tokens,
                        "precision_percent" to settings.precisionPercent,
                        "seconds_per_row" to settings.secondsPerRow,
                        "reviews" to settings.reviews.takeIf { it > 0 },
                        "data" to null,
                    ),
                "rows" to rows.map { it.toJson() },
            ),
        ) + "\n"
    }

    private fun measureLatency(rows: List<BenchRow>, progress: (String) -> Boolean): Boolean {
        var waiting = rows.filter { it.canRun }
        for ((i, row) in waiting.withIndex()) {
            if (!progress("warming up ${i + 1} of ${waiting.size}")) return false
            row.warmUp()
        }
        var round = 0
        while (true) {
            waiting =
                waiting.filter { it.canRun && !it.isDone(settings.precisionPercent, settings.secondsPerRow) }
            if (waiting.isEmpty()) return true
            round++
            if (!progress("one review at a time: round $round, ${waiting.size} of ${rows.size} still measured")) {
                return false
            }
            for (row in waiting) row.takeTurn()
        }
    }

    private fun measureThroughput(rows: List<BenchRow>, progress: (String) -> Boolean) {
        val reviews = BenchTexts.reviews(settings.reviews)
        for (number in 1..PASSES) {
            val line = "${settings.reviews} reviews: pass $number of $PASSES"
            for (row in rows) {
                if (row.canRun && !row.pass(reviews) { progress(line) }) return
            }
        }
    }

    private fun machineJson(): Map<String, Any?> =
        linkedMapOf(
            "name" to machine.name,
            "system" to machine.system,
            "cores" to machine.cores,
            "memory_bytes" to machine.memoryBytes,
            "flags" to machine.flags,
            "governor" to machine.governor,
            "versions" to machine.versions,
        )

    private fun now(): String {
        val format = SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT)
        format.timeZone = TimeZone.getTimeZone("UTC")
        return format.format(Date())
    }

    private companion object {
        const val PASSES = 3
    }
}
