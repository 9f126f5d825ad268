package org.edgernn

import java.io.File
import org.edgernn.TinyModels.field
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test

/** Whole model files: what is read of a sound one, and why others are refused. */
class ModelFileTest {
    private val attachments = TinyModels.attachments()

    private fun read(bytes: ByteArray) = ModelFile.read(bytes, "tiny", IcuUnicode)

    /** The format's bytes, from attachments and a graph. */
    private fun write(
        format: Format,
        attachments: Map<String, ByteArray> = this.attachments,
        withSums: Boolean = true,
        deflateFrom: Int = 100,
    ): ByteArray =
        if (format == Format.ONNX) {
            TinyModels.onnx(attachments, withSums = withSums, deflateFrom = deflateFrom)
        } else {
            TinyModels.tflite(attachments, withSums = withSums, deflateFrom = deflateFrom)
        }

    /** Contract, card, page and golden vectors come out of both formats, compressed or not. */
    @Test
    fun bothFormatsAndSpellings() {
        for (format in Format.values()) {
            for (deflateFrom in listOf(0, 100, 1 shl 20)) {
                val bytes = write(format, deflateFrom = deflateFrom)
                val file = read(bytes)
                assertEquals(format, file.format)
                assertEquals("tiny", file.name)
                assertArrayEquals(bytes, file.bytes)
                assertEquals(64, file.sha256.length)
                assertEquals("tiny", file.card["recipe"])
                assertEquals(1L, file.card["training"].asObject()["epochs"])
                assertEquals("# Tiny\n", file.page)
                assertEquals(3, file.golden?.vectors?.size)
                assertEquals(listOf("bad", "good"), file.contract.labels)
                assertEquals(40, file.contract.maxLength)
                assertArrayEquals(intArrayOf(4, 2), file.encoder.encode("A good FILM!"))
                assertFalse(file.hasStateLoop)
            }
        }
    }

    /** Page and golden vectors may be missing; other attachments may be there. */
    @Test
    fun optionalAttachments() {
        for (format in Format.values()) {
            val file = read(write(format, attachments - "card.md" - "golden.json" + ("more.bin" to ByteArray(9))))
            assertEquals("", file.page)
            assertEquals(null, file.golden)
        }
    }

    /** What a file must carry. */
    @Test
    fun missingAttachments() {
        for (format in Format.values()) {
            for (name in listOf("contract.json", "card.json", "vocabulary.words")) {
                assertEquals(
                    "tiny: the file carries no $name: it was not written by `edgernn export`",
                    refusal { read(write(format, attachments - name)) },
                )
            }
            assertEquals(
                "tiny: the file carries no SHA256SUMS: export it again with this edgernn",
                refusal { read(write(format, withSums = false)) },
            )
        }
    }

    /** A change of graph or attachment is named. */
    @Test
    fun changesAreNamed() {
        val graph = TinyModels.onnxGraph()
        val sums = TinyModels.withSums(attachments, graph)
        val changed = sums + ("card.md" to "# Tuny\n".toByteArray())
        assertTrue(
            refusal { read(TinyModels.onnx(changed, withSums = false)) }
                .startsWith("tiny: card.md is not what was exported (SHA-256 "),
        )
        assertTrue(
            refusal { read(TinyModels.onnx(sums, graph + field(2, "me".toByteArray()), withSums = false)) }
                .startsWith("tiny: the graph is not what was exported (SHA-256 "),
        )
        val more = sums + ("more" to ByteArray(1))
        val found = refusal { read(TinyModels.onnx(more, withSums = false)) }
        assertTrue(found, "more is not what was exported" in found && "SHA256SUMS says none" in found)
        val damaged = sums + ("SHA256SUMS" to "00  x\n".toByteArray())
        assertEquals(
            "tiny: SHA256SUMS is damaged: export the file again or get a fresh copy",
            refusal { read(TinyModels.onnx(damaged, withSums = false)) },
        )
    }

    /** Contents that are broken, too large or of another kind. */
    @Test
    fun brokenContents() {
        val broken =
            listOf(
                Triple("card.json", "[]", "card.json: not a JSON object"),
                Triple("card.json", "{", "card.json: not JSON: "),
                Triple("card.json", "{\"a\": \"${"x".repeat(1 shl 20)}\"}", "card.json: larger than 1 MiB"),
                Triple("card.md", "\u0000", ""),
                Triple("golden.json", "{}", "golden.json: not an object of tolerance and vectors"),
                Triple("vocabulary.words", "film\n", "vocabulary vocabulary.words: SHA-256 is "),
            )
        for ((name, content, error) in broken) {
            val bytes = TinyModels.onnx(attachments + (name to content.toByteArray()))
            if (error.isEmpty()) read(bytes) else assertTrue(refusal { read(bytes) }.startsWith("tiny: $error"))
        }
        val latin = attachments + ("card.md" to byteArrayOf(0xE9.toByte()))
        assertEquals("tiny: card.md: not UTF-8", refusal { read(TinyModels.onnx(latin)) })
    }

    /** A graph with other inputs, outputs or types is none of the contract. */
    @Test
    fun otherGraphs() {
        val expected = "expected ids INT32[2], lengths INT32[1] or ids INT32[2] and probability FLOAT[1]"
        assertEquals(
            "tiny: the graph takes lengths INT32[1] and gives probability FLOAT[1]; $expected",
            refusal { read(TinyModels.onnx(graph = TinyModels.onnxGraph(listOf("lengths")))) },
        )
        assertTrue(
            refusal { read(TinyModels.onnx(graph = TinyModels.onnxGraph(listOf("ids", "lengths", "more")))) }
                .endsWith(expected),
        )
        val graphs =
            mapOf(
                TinyModels.tfliteGraph(inputs = 2) to "ids INT32[2], 2 INT32[2]",
                TinyModels.tfliteGraph(axes = 1) to "ids INT32[1]",
                TinyModels.tfliteGraph(type = 4) to "ids INT64[2]",
                TinyModels.tfliteGraph(type = 99) to "ids TYPE_99[2]",
                TinyModels.tfliteGraph(inputs = 0) to "nothing",
            )
        for ((graph, takes) in graphs) {
            assertEquals(
                "tiny: the graph takes $takes and gives probability FLOAT32[1]; expected ids INT32[2] and " +
                    "probability FLOAT32[1]",
                refusal { read(TinyModels.tflite(graph = graph)) },
            )
        }
    }

    /** The loop that XNNPACK scores wrong is told by its two operators. */
    @Test
    fun stateLoops() {
        assertFalse(read(TinyModels.tflite(graph = TinyModels.soundGraph("fused"))).hasStateLoop)
        assertTrue(read(TinyModels.tflite(graph = TinyModels.soundGraph("loops"))).hasStateLoop)
    }

    /** Names that may bring a terminal or a page out of order are escaped, long ones are cut. */
    @Test
    fun messagesAreOneLine() {
        val found = refusal { ModelFile.read(ByteArray(0), "a\nb\u001b[2J${"x".repeat(5000)}", IcuUnicode) }
        assertTrue(found, found.startsWith("a\\nb\\x1b[2J") && found.length < 1000 && '\n' !in found)
        val contract = TinyModels.attachments(mapOf("case" to "\u202e\n" + "y".repeat(9000)))
        val other = refusal { read(TinyModels.onnx(contract)) }
        assertTrue(other, "case='\\u202e\\ny" in other && other.length < 500)
    }

    /** The golden vectors of a file must be ones that a file with the contract can give. */
    @Test
    fun hostileGoldenVectors() {
        val vectors =
            mapOf(
                """{"text": "a", "ids": [8], "probability": 0.5}""" to "ids is not a list of at most 40 integers in [0, 7]",
                """{"text": "a", "ids": [1.0], "probability": 0.5}""" to "ids is not a list",
                """{"text": "a", "ids": [1], "probability": null}""" to "there is a probability where there are ids",
                """{"text": "a", "ids": [], "probability": 0.5}""" to "there is a probability where there are ids",
                """{"text": "a", "ids": [1], "probability": 1.5}""" to "probability 1.5 is not in [0, 1]",
                """{"text": "a", "ids": [1], "probability": true}""" to "probability True is not in [0, 1]",
                """{"text": 1, "ids": [1], "probability": 0.5}""" to "text is not a string of at most 65536 characters",
                """{"text": "a", "ids": [1]}""" to "not an object of ids, probability, text",
                """7""" to "not an object of ids, probability, text",
            )
        for ((vector, error) in vectors) {
            val golden = """{"tolerance": 0.1, "vectors": [$vector]}"""
            val bytes = TinyModels.onnx(attachments + ("golden.json" to golden.toByteArray()))
            val found = refusal { read(bytes) }
            assertTrue("$vector: $found", found.startsWith("tiny: golden.json: vector 1: $error"))
        }
        for (tolerance in listOf("0", "1", "-0.1", "\"x\"", "1e999")) {
            val golden = """{"tolerance": $tolerance, "vectors": [{"text": "a", "ids": [1], "probability": 0.5}]}"""
            val bytes = TinyModels.onnx(attachments + ("golden.json" to golden.toByteArray()))
            assertTrue(refusal { read(bytes) }.startsWith("tiny: golden.json: tolerance "))
        }
    }

    /** The shipped file is read whole. */
    @Test
    fun shippedFile() {
        val file = Repository.shipped()
        assertEquals(Format.ONNX, file.format)
        assertTrue(file.card["recipe"] is String && file.card["precision"] is String)
        assertEquals(2, file.contract.labels.size)
        assertTrue(checkNotNull(file.golden).vectors.size in 16..40)
    }

    /** A file that `edgernn export --format tflite` wrote, where the environment names one. */
    @Test
    fun exportedTflite() {
        val path = System.getenv("EDGERNN_TFLITE")
        assumeTrue("no .tflite file was read: EDGERNN_TFLITE names none", !path.isNullOrEmpty())
        val file = ModelFile.read(File(path).readBytes(), "model.tflite", IcuUnicode)
        assertEquals(Format.TFLITE, file.format)
        for (vector in checkNotNull(file.golden).vectors) {
            assertArrayEquals(vector.ids, file.encoder.ids(vector.text))
        }
    }
}
