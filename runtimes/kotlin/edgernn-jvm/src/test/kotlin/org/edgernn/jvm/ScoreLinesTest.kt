package org.edgernn.jvm

import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import org.edgernn.LabelModels
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** What the program prints, and its exit codes. */
class ScoreLinesTest {
    @get:Rule
    val folder = TemporaryFolder()

    private class Done(val code: Int, val out: List<String>, val errors: List<String>)

    private fun done(vararg arguments: String, input: String = ""): Done {
        val out = ByteArrayOutputStream()
        val errors = ByteArrayOutputStream()
        val code = run(
            arguments.toList(),
            input.byteInputStream(),
            PrintStream(out, true, "UTF-8"),
            PrintStream(errors, true, "UTF-8"),
        )
        return Done(code, lines(out), lines(errors))
    }

    /** Tiny graphs are no exports: edgernn's engine refuses them. */
    private fun doneByOnnxRuntime(vararg arguments: String, input: String = "") =
        done("--engine", "onnxruntime", *arguments, input = input)

    private fun lines(stream: ByteArrayOutputStream): List<String> =
        stream.toString("UTF-8").lines().dropLast(1)

    private fun file(name: String, bytes: ByteArray): String {
        val path = File(folder.root, name)
        path.writeBytes(bytes)
        return path.path
    }

    /** A header, then a line for each line, in order; a text without a token costs one line. */
    @Test
    fun lines() {
        val model = file("stars.onnx", LabelModels.onnx("largest", listOf("eins", "zwei", "drei")))
        val texts = "Zwei, bitte\n\ndrei\tdrei\n"
        val found = doneByOnnxRuntime(model, input = texts)
        assertEquals(found.errors.joinToString(), 0, found.code)
        assertEquals("label\tconfidence\ttext", found.out.first())
        assertEquals(listOf("zwei", "", "drei"), found.out.drop(1).map { it.substringBefore('\t') })
        assertTrue(found.out[3], found.out[3].endsWith("\tdrei\tdrei"))
        assertEquals(1, found.errors.size)
        assertTrue(found.errors[0], found.errors[0].startsWith("line 2: "))
        assertEquals(found.out, doneByOnnxRuntime(model, file("texts.txt", texts.toByteArray())).out)

        val all = doneByOnnxRuntime("--all", model, input = texts)
        assertEquals("label\tconfidence\tprobability_eins\tprobability_zwei\tprobability_drei\ttext", all.out.first())
        val row = all.out[1].split('\t')
        assertEquals(row[1], row[3])
        assertEquals(1.0, row.subList(2, 5).sumOf { it.toDouble() }, 1e-6)

        val top = doneByOnnxRuntime("--all", model, "--top", "2", input = texts)
        assertEquals("label\tconfidence\ttop_1\ttop_1_probability\ttop_2", top.out[0].substringBefore("\ttop_2_"))
        val likeliest = top.out[1].split('\t')
        assertEquals(listOf("zwei", row[3]), likeliest.subList(2, 4))
        assertEquals(row.subList(2, 5).map { it.toDouble() }.sorted()[1], likeliest[5].toDouble(), 0.0)
        assertEquals(row.drop(2), likeliest.drop(6))
        val most = doneByOnnxRuntime("--top", "9", model, input = texts).out
        assertEquals(listOf(8, 8), listOf(most[0], most[2]).map { line -> line.count { it == '\t' } })
    }

    /** The shipped model, by edgernn's engine from this jar, gets what ONNX Runtime gives. */
    @Test
    fun engines() {
        val text = "What a wonderful film, and what a cast!"
        val model = "../../../edgernn/models/flagship/model.onnx"
        val (label, confidence) = done(model, input = text).out[1].split('\t')
        val (otherLabel, otherConfidence) = doneByOnnxRuntime(model, input = text).out[1].split('\t')
        assertEquals(otherLabel, label)
        assertEquals(otherConfidence.toFloat(), confidence.toFloat(), 1e-6f)
    }

    /** Several labels stand in one cell. */
    @Test
    fun severalLabels() {
        val model = file("each.onnx", LabelModels.onnx("each", listOf("laut", "leise", "schnell")))
        assertEquals("laut;schnell", doneByOnnxRuntime(model, input = "laut schnell").out[1].substringBefore('\t'))
    }

    /** One line on standard error: for another usage, a file that is missing, and one that is no model. */
    @Test
    fun refusals() {
        val text = file("a.txt", "text".toByteArray())
        assertEquals(2 to 1, done().let { it.code to it.errors.size })
        for (wrong in listOf(listOf("--most"), listOf("--top"), listOf("--top", "0"), listOf("--top", "two"))) {
            assertEquals(2 to 1, done(*wrong.toTypedArray(), text).let { it.code to it.errors.size })
        }
        val missing = done(File(folder.root, "none.onnx").path)
        assertEquals(1 to 1, missing.code to missing.errors.size)
        val other = done(text)
        assertEquals(1 to 1, other.code to other.errors.size)
        assertTrue(other.errors[0], other.errors[0].startsWith("error: $text: "))
        val model = file("two.onnx", LabelModels.onnx("threshold", listOf("gut", "schlecht")))
        assertEquals(1, doneByOnnxRuntime(model, input = "\n").code)
        assertEquals(2, done("--engine").code)
        assertEquals(2, done("--engine", "tflite", model).code)
        val unknown = done(model, input = "gut")
        assertEquals(1, unknown.code)
        assertTrue(unknown.errors[0], "edgernn's engine does not run it" in unknown.errors[0])
    }
}
