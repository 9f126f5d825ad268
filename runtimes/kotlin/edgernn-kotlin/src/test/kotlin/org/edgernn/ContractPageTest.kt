package org.edgernn

import org.edgernn.bundle.Checksums
import org.edgernn.bundle.Json
import org.edgernn.bundle.OnnxFile
import org.edgernn.bundle.TfliteFile
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** What docs/contract.md shows is what happens here: examples, bytes and errors. */
class ContractPageTest {
    private val page = Repository.text("docs/contract.md")
    private val examples = page.split("\n### Example: ").drop(1).map { Example(it) }

    /** An example: a contract, a vocabulary, and a table of texts and ids. */
    private class Example(section: String) {
        val json = section.substringAfter("```json\n").substringBefore("```")
        val vocabulary = section.substringAfter("```text\n").substringBefore("```").toByteArray()
        val rows = Regex("""^\| `(".*")` \| `(\[.*])` \|""", RegexOption.MULTILINE).findAll(section).toList()

        fun encoder(contract: ByteArray = json.toByteArray()) =
            TextEncoder.read(TextContract.read(contract), vocabulary, IcuUnicode)
    }

    /** The four examples. */
    @Test
    fun examplesHold() {
        assertEquals(4, examples.size)
        for (example in examples) {
            val encoder = example.encoder()
            assertTrue(example.rows.size >= 5)
            for (row in example.rows) {
                val text = Json.parse(row.groupValues[1].toByteArray()) as String
                val ids = (Json.parse(row.groupValues[2].toByteArray()) as List<*>).map { (it as Long).toInt() }
                assertEquals(row.value, ids, encoder.ids(text).toList())
            }
        }
        println("docs/contract.md: ${examples.sumOf { it.rows.size }} rows of examples")
    }

    /** The table of errors, word for word. */
    @Test
    fun errorsAreThoseOfTheTable() {
        val table = page.substringAfter("| changed | error |\n| --- | --- |\n").substringBefore("\n\n").lines()
        assertTrue(table.size >= 19)
        for (row in table) {
            val (changed, error) = row.removePrefix("| ").removeSuffix(" |").split(" | ")
            val found = refusal { examples[0].encoder(changed(changed).toByteArray()) }
            assertEquals(row, error.substringBefore("not JSON: …"), found.take(error.substringBefore("not JSON: …").length))
            if ("not JSON: …" in error) assertTrue(found.startsWith("text contract: not JSON: ")) else assertEquals(error, found)
        }
    }

    private fun changed(what: String): String {
        val fields = Json.parse(examples[0].json.toByteArray()).asObject()
        val code = what.substringAfter('`').substringBeforeLast('`')
        return when {
            what == "not JSON" -> "{"
            what.startsWith("without ") -> Json.write(fields - code)
            code == "[]" -> code
            else -> Json.write(fields + Json.parse(code.toByteArray()).asObject())
        }
    }

    /** The golden vectors of the first example are read, lone surrogates and all. */
    @Test
    fun goldenVectorsAreRead() {
        val golden = page.substringAfter("```json golden\n").substringBefore("```").toByteArray()
        val encoder = examples[0].encoder()
        val read = GoldenVectors.read(golden, encoder.contract)
        assertEquals(0.0001, read.tolerance, 0.0)
        assertEquals(listOf("the film", "\ud800"), read.vectors.map { it.text })
        for (vector in read.vectors) assertArrayEquals(vector.ids, encoder.ids(vector.text))
    }

    /** The checksums of an empty graph and one attachment. */
    @Test
    fun checksumsAreThoseOfThePage() {
        val sums = page.substringAfter("```text sums\n").substringBefore("```").toByteArray()
        val empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        Checksums.check(mapOf("note.txt" to "hi".toByteArray(), "SHA256SUMS" to sums), empty)
        assertTrue(refusal { Checksums.check(mapOf("SHA256SUMS" to sums), empty) }.startsWith("note.txt is not what"))
    }

    /** The bytes of one attachment in either format. */
    @Test
    fun attachmentsAreThoseBytes() {
        val onnx = OnnxFile.read(TinyModels.onnxGraph() + hex("onnx"))
        assertEquals("hi", onnx.attachments.getValue("note.txt").toString(Charsets.UTF_8))
        // The page's archive stands behind 16 bytes; here, behind a whole flatbuffer.
        val graph = TinyModels.tfliteGraph()
        val archive = hex("tflite")
        for (place in listOf(archive.size - 22 - 54 + 42, archive.size - 22 + 16)) {
            val offset = archive[place].toInt() - 16 + graph.size
            for (i in 0..3) archive[place + i] = (offset shr 8 * i).toByte()
        }
        val tflite = TfliteFile.read(graph + archive)
        assertEquals("hi", tflite.attachments.getValue("note.txt").toString(Charsets.UTF_8))
        assertArrayEquals(hex("tflite"), TinyModels.archive(mapOf("note.txt" to "hi".toByteArray()), 16))
    }

    private fun hex(language: String): ByteArray =
        page.substringAfter("```hex $language\n").substringBefore("```").trim().split(Regex("\\s+"))
            .map { it.toInt(16).toByte() }.toByteArray()
}
