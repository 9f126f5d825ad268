package org.edgernn

import org.edgernn.ModelException.Reason
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

/** The kinds of problems that an app may tell in its own words. */
class ErrorsTest {
    private fun reason(action: () -> Unit): Reason =
        assertThrows(ModelException::class.java) { action() }.reason

    private fun read(bytes: ByteArray) = ModelFile.read(bytes, "f", IcuUnicode)

    /** Each part of a file has its kind. */
    @Test
    fun models() {
        val shipped = Repository.bytes(Repository.SHIPPED)
        assertEquals(Reason.FILE, reason { read(shipped.copyOf(5000)) })
        assertEquals(Reason.FILE, reason { read(ByteArray(0)) })
        val newer = LabelModels.onnx("each", listOf("a", "b"), mapOf("version" to 99))
        assertEquals(Reason.RULES, reason { read(newer) })
        assertEquals(Reason.GRAPH, reason { read(LabelModels.onnx("each", listOf("a", "b"), outputs = 3)) })
        assertEquals(Reason.GRAPH, reason { NativeClassifier(read(TinyModels.onnx())) })
        assertEquals(Reason.GRAPH, reason { OnnxClassifier(read(TinyModels.onnx())) })
        val bare = read(TinyModels.onnx(TinyModels.attachments() - "golden.json"))
        val fake = object : Classifier {
            override val file = bare
            override val runtime = "fake"
            override val runtimeVersion: String? = null

            override fun probabilities(ids: IntArray) = checkedProbabilities(floatArrayOf(Float.NaN), bare)

            override fun close() = Unit
        }
        assertEquals(Reason.PROOF, reason { Verification.run(fake) })
        assertEquals(Reason.SCORE, reason { fake.score("good film") })
    }

    /** A text is empty, or nothing is left of it. */
    @Test
    fun texts() {
        val encoder = read(TinyModels.onnx()).encoder
        for ((text, expected) in listOf(
            "" to TextException.Reason.EMPTY,
            " \u2003" to TextException.Reason.EMPTY,
            "a!" to TextException.Reason.NO_TOKENS,
        )) {
            assertEquals(expected, assertThrows(TextException::class.java) { encoder.encode(text) }.reason)
        }
    }
}
