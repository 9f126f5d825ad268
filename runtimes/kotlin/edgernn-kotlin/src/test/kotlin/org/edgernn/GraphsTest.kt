package org.edgernn

import org.edgernn.bundle.FlatException
import org.edgernn.bundle.Json
import org.edgernn.bundle.TfliteStructure
import org.junit.Assert.assertTrue
import org.junit.Test

/** The TFLite graphs of runtimes/graphs: those that edgernn takes are taken, the others refused. */
class GraphsTest {
    private val cases =
        Repository.text("runtimes/graphs/graphs.jsonl").trim().lines().drop(1)
            .map { Json.parse(it.toByteArray()).asObject() }
    private val graphs =
        cases.map { it["graph"] as String }.distinct().associateWith { TinyModels.soundGraph(it) }

    private fun changed(case: Map<String, Any?>): ByteArray {
        val bytes = graphs.getValue(case["graph"] as String).clone()
        for (patch in case["patch"] as List<*>) {
            val (position, value) = patch as List<*>
            (value as String).chunked(2).forEachIndexed { i, byte ->
                bytes[(position as Long).toInt() + i] = byte.toInt(16).toByte()
            }
        }
        return bytes
    }

    /** Why a graph is refused; null where it is taken. */
    private fun verdict(case: Map<String, Any?>): String? {
        val bytes = changed(case)
        try {
            TfliteStructure.check(bytes, bytes.size, (case["vocabulary_size"] as Long).toInt())
        } catch (error: FlatException) {
            return error.message.orEmpty()
        }
        return null
    }

    /** The verdicts are Python's. */
    @Test
    fun everyVerdictIsPythons() {
        val other =
            cases.mapNotNull { case ->
                val why = verdict(case)
                if ((why == null) == case["accepted"]) null else "${case["id"]}: $why, Python: ${case["why"]}"
            }
        assertTrue("${other.size}: ${other.take(20).joinToString("\n")}", other.isEmpty())
        val taken = cases.count { it["accepted"] == true }
        assertTrue("$taken of ${cases.size}", taken >= 100 && cases.size - taken >= 500)
        println("graphs: ${cases.size} cases, $taken taken, the others refused")
    }

    /** A whole file, with checksums that fit, is refused for its graph. */
    @Test
    fun filesAreRefusedForTheirGraph() {
        val case = cases.first { it["graph"] == "integers" && "is not known here" in it["why"].toString() }
        val bytes = TinyModels.tflite(graph = changed(case))
        val found = refusal { ModelFile.read(bytes, "f", IcuUnicode) }
        assertTrue(found, found.startsWith("f: not a usable TFLite file (operator ") && "update edgernn" in found)
    }
}
