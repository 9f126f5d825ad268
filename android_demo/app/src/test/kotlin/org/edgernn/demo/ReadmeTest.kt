package org.edgernn.demo

import android.content.Context
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import org.edgernn.NativeClassifier
import org.edgernn.Verification
import org.edgernn.android.AndroidUnicode
import org.junit.Assert.assertTrue
import org.junit.Test

class ReadmeTest : PageTest() {
    private val readme = File("../../runtimes/kotlin/README.md").readText()

    private fun example(context: Context) {
        // begin
        val stream = context.assets.open("model.onnx")
        val classifier = stream.use { NativeClassifier.open(it, "model.onnx", AndroidUnicode) }
        val verified = Verification.run(classifier)
        check(verified.passed) { verified.failures }
        val score = classifier.score("A warm and funny film.")
        println("${score.label} ${score.probability} ${score.tokens}")
        classifier.close()
        // end
    }

    /** The lines in the library's README run, and they are these. */
    @Test
    fun theExampleRuns() {
        val shown = ByteArrayOutputStream()
        val console = System.out
        System.setOut(PrintStream(shown))
        try {
            example(app)
        } finally {
            System.setOut(console)
        }
        assertTrue("$shown", "$shown".trim().matches(Regex("""\w+ [01]\.\d+(E-\d+)? \d+""")))

        val source = File("src/test/kotlin/org/edgernn/demo/ReadmeTest.kt").readText()
        val lines = source.substringAfter("// begin\n").substringBefore("        // end").trimIndent().trim()
        assertTrue(readme.contains("```kotlin\n$lines\n```"))
    }

    /** The versions in both READMEs are those that are built. */
    @Test
    fun theVersionsAreThese() {
        val versions = File("../gradle/libs.versions.toml").readLines()
            .mapNotNull { Regex("""([\w-]+) = "(.+)"""").matchEntire(it)?.destructured?.toList() }
            .associate { (name, version) -> name to version }
        assertTrue(readme.contains("onnxruntime-android:${versions["onnxruntime"]}\""))
        assertTrue(readme.contains("com.google.ai.edge.litert:litert:${versions["litert"]}\""))
        val lite = File("../../runtimes/kotlin/pom.xml").readText()
            .substringAfter("<tensorflow-lite.version>").substringBefore("<")
        assertTrue(File("../README.md").readText().contains("TensorFlow Lite\n$lite, "))
    }
}
