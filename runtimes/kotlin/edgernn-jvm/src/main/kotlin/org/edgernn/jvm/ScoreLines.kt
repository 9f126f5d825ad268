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
    "usage: java -jar edgernn-jvm-0.1.0.jar [--all] [--engine native|onnxruntime] MODEL [TEXTS.txt]"
private const val ALL = "--all"
private const val ENGINE = "--engine"
private val ENGINES: Map<String, (ModelFile) -> Classifier> =
    mapOf("native" to { NativeClassifier(it) }, "onnxruntime" to { OnnxClassifier(it) })

/**
 * Scores the lines of a text file, or of standard input.
 *
 * Each line gives one: label, confidence, with `--all` the probability of each label, and the text, with tabs
 * between them. The file's golden vectors are replayed first.
 */
fun main(arguments: Array<String>) {
    // A terminal or file in another encoding than UTF-8 would lose letters.
    val out = PrintStream(System.out, false, "UTF-8")
    val errors = PrintStream(System.err, true, "UTF-8")
    val code = run(arguments.toList(), System.`in`, out, errors)
    out.flush()
    exitProcess(code)
}

/** Does what [main] does, and returns the exit code: 1 where the model, or every text, is refused, 2 for bad usage. */
internal fun run(arguments: List<String>, input: InputStream, out: PrintStream, errors: PrintStream): Int {
    val at = arguments.indexOf(ENGINE)
    val engine = if (at < 0) "native" else arguments.getOrNull(at + 1)
    val open = ENGINES[engine]
    val names = arguments.filterIndexed { i, it -> it != ALL && (at < 0 || i != at && i != at + 1) }
    if (open == null || names.size !in 1..2 || names.any { it.startsWith("--") }) {
        errors.println(USAGE)
        return 2
    }
    return try {
        val model = File(names[0])
        open(ModelFile.read(model.readBytes(), model.path, IcuUnicode)).use { classifier ->
            classifier.file.release()
            val failures = Verification.run(classifier).failures
            if (failures.isNotEmpty()) throw ModelException("${model.path}: ${failures.first()}")
            (names.getOrNull(1)?.let { File(it).inputStream() } ?: input).bufferedReader().use {
                scoreLines(classifier, it, ALL in arguments, out, errors)
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

private fun scoreLines(
    classifier: Classifier,
    lines: BufferedReader,
    all: Boolean,
    out: PrintStream,
    errors: PrintStream,
): Int {
    val probabilities = if (all) classifier.file.contract.labels else emptyList()
    out.println((listOf("label", "confidence") + probabilities + "text").joinToString("\t"))
    var scored = 0
    var row = 0
    for (line in lines.lineSequence()) {
        row++
        try {
            out.println(cells(classifier.score(line), all).plus(line).joinToString("\t"))
            scored++
        } catch (error: TextException) {
            errors.println("line $row: ${error.message}")
            out.println("\t".repeat(2 + probabilities.size) + line)
        }
    }
    return if (scored > 0 || row == 0) 0 else 1
}

private fun cells(score: Score, all: Boolean): List<String> {
    val probabilities = if (all) score.probabilities.map { it.toString() } else emptyList()
    return listOf(score.given.joinToString(";"), score.confidence.toFloat().toString()) + probabilities
}
