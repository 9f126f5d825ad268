package org.edgernn

import org.edgernn.bundle.Json

/** A file of runtimes/conformance, as its README describes it. */
class Corpus(kind: String) {
    private val lines =
        Repository.text("runtimes/conformance/$kind.jsonl").trim().lines().map { Json.parse(it.toByteArray()).asObject() }

    /** The first line. */
    val header: Map<String, Any?> = lines[0]

    /** The lines behind it. */
    val cases: List<Map<String, Any?>> = lines.drop(1)

    /** An encoder of each contract, by its name. */
    val encoders: Map<String, TextEncoder> =
        header["contracts"].asObject().mapValues { (_, entry) -> encoder(entry.asObject()) }

    /** The text of a case. */
    fun text(case: Map<String, Any?>): String {
        if ("text" in case) return case["text"] as String
        return (case["repeat"] as List<*>).chunked(2).joinToString("") { (unit, times) ->
            (unit as String).repeat((times as Long).toInt())
        }
    }

    private fun encoder(entry: Map<String, Any?>): TextEncoder {
        val described = header["vocabularies"].asObject()[entry["vocabulary"]].asObject()
        val vocabulary = (described["text"] as String).toByteArray()
        val contract = TextContract.read(Json.write(entry["contract"]).toByteArray())
        return TextEncoder.read(contract, vocabulary, IcuUnicode)
    }
}
