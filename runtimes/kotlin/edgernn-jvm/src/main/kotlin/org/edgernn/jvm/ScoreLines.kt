package org.edgernn.jvm

import java.io.BufferedReader
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.io.PrintStream
import kotlin.system.exitProcess
import org.edgernn.Classifier
import org.edgernn.IcuUnicode
import org.edgernn.ModelException
import org.edgernn.ModelFile
import org.edgernn.NativeClassifier
import org.edgernn.OnnxClassifier
import org.edgernn.Score
import org.edgernn.TextException
import org.edgernn.Verification

private const val USAGE =
    "usage: java -jar edgernn-jvm-0.1.0.jar [--top K] [--all] [--engine native|onnxruntime] MODEL [TEXTS.txt]"
private val ENGINES: Map<String, (ModelFile) -> Classifier> =
    mapOf("native" to { NativeClassifier(it) }, "onnxruntime" to { OnnxClassifier(it) })

/**
 * Scores the lines of a text file, or of standard input.
 *
 * Each line gives one: label, confidence, with `--top` the likeliest labels and their probabilities, with `--all`
 * the probability of each label, and the text, with tabs between them. Columns have the names that those of
 * `edgernn score` have. The file's golden vectors are replayed first.
 */
public fun main(arguments: Array<String>) {
    // A terminal or file in another encoding than UTF-8 would lose letters.
    val out = PrintStream(System.out, false, "UTF-8")
    val errors = PrintStream(System.err, true, "UTF-8")
    val code = run(arguments.toList(), System.`in`, out, errors)
    out.flush()
    exitProcess(code)
}

/** Does what [main] does, and returns the exit code: 1 where the model, or every text, is refused, 2 for bad usage. */
internal fun run(arguments: List<String>, input: InputStream, out: PrintStream, errors: PrintStream): Int {
    val asked = Asked.of(arguments)
    if (asked == null) {
        errors.println(USAGE)
        return 2
    }
    val names = asked.names
    return try {
        val model = File(names[0])
        val file = model.inputStream().use { ModelFile.read(it, model.path, IcuUnicode) }
        asked.open(file).use { classifier ->
            classifier.file.release()
            val failures = Verification.run(classifier).failures
            if (failures.isNotEmpty()) throw ModelException("${model.path}: ${failures.first()}")
            (names.getOrNull(1)?.let { File(it).inputStream() } ?: input).bufferedReader().use {
                scoreLines(classifier, it, asked, out, errors)
            }
        }
    } catch (error: ModelException) {
        errors.println("error: ${error.message}")
        1
    } catch (error: IOException) {
        errors.println("error: ${error.message}")
        1
    }
}

/** What the command line says. */
private class Asked(
    val names: List<String>,
    val open: (ModelFile) -> Classifier,
    private val top: Int,
    private val all: Boolean,
) {
    /** The columns between confidence and text. */
    fun columns(labels: List<String>): List<String> =
        (1..minOf(top, labels.size)).flatMap { listOf("top_$it", "top_${it}_probability") } +
            if (all) labels.map { "probability_$it" } else emptyList()

    /** What stands in them. */
    fun cells(score: Score, labels: List<String>): List<String> {
        // Of equal ones the first: the sort keeps their order.
        val likeliest = labels.indices.sortedByDescending { score.probabilities[it] }.take(top)
        return likeliest.flatMap { listOf(labels[it], score.probabilities[it].toString()) } +
            if (all) score.probabilities.map { it.toString() } else emptyList()
    }

    companion object {
        private const val NONE = ""

        /** Reads the command line; null where it is none. */
        fun of(arguments: List<String>): Asked? {
            val names = arguments.toMutableList()
            val all = names.remove("--all")
            val top = valueOf("--top", NONE, names)?.let { if (it == NONE) 0 else it.toIntOrNull()?.takeIf { k -> k >= 1 } }
            val open = ENGINES[valueOf("--engine", "native", names)] ?: return null
            val isWhole = names.size in 1..2 && names.none { it.startsWith("--") }
            return if (isWhole && top != null) Asked(names, open, top, all) else null
        }

        /** Takes an option and its value out of the arguments; null where the value is missing. */
        private fun valueOf(option: String, default: String, arguments: MutableList<String>): String? {
            val place = arguments.indexOf(option)
            if (place < 0) return default
            arguments.removeAt(place)
            return if (place < arguments.size) arguments.removeAt(place) else null
        }
    }
}

private fun scoreLines(
    classifier: Classifier,
    lines: BufferedReader,
    asked: Asked,
    out: PrintStream,
    errors: PrintStream,
): Int {
    val labels = classifier.file.contract.labels
    val columns = asked.columns(labels)
    out.println((listOf("label", "confidence") + columns + "text").joinToString("\t"))
    var scored = 0
    var row = 0
    for (line in lines.lineSequence()) {
        row++
        try {
            val score = classifier.score(line)
            val answer = listOf(score.given.joinToString(";"), score.confidence.toFloat().toString())
            out.println((answer + asked.cells(score, labels) + line).joinToString("\t"))
            scored++
        } catch (error: TextException) {
            errors.println("line $row: ${error.message}")
            out.println("\t".repeat(2 + columns.size) + line)
        }
    }
    return if (scored > 0 || row == 0) 0 else 1
}
