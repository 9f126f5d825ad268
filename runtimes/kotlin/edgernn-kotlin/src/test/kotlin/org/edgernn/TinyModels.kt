package org.edgernn

import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.zip.CRC32
import java.util.zip.Deflater
import org.edgernn.bundle.Json
import org.edgernn.bundle.sha256

/** Model files of a few kilobytes, whole but for weights: what a reader sees, nothing that runs. */
object TinyModels {
    private const val REGULAR_FILE = 0x81A4
    private val WORDS = listOf("film", "not", "good", "isn't", "été", "the")

    /** The attachments of a file of six words, without checksums. */
    fun attachments(changes: Map<String, Any?> = emptyMap()): Map<String, ByteArray> {
        val vocabulary = WORDS.joinToString("") { "$it\n" }.toByteArray()
        return mapOf(
            "contract.json" to Json.write(contract(vocabulary) + changes).toByteArray(),
            "vocabulary.words" to vocabulary,
            "card.json" to """{"recipe": "tiny", "precision": "float32", "training": {"epochs": 1}}""".toByteArray(),
            "card.md" to "# Tiny\n".toByteArray(),
            "golden.json" to golden().toByteArray(),
        )
    }

    /** A contract of words from 2 on, 1 for those that are unknown. */
    private fun contract(vocabulary: ByteArray): Map<String, Any?> =
        linkedMapOf(
            "vocabulary_sha256" to sha256(vocabulary), "vocabulary_size" to WORDS.size + 2,
            "max_length" to 40, "cut" to "start", "version" to 1, "unicode_form" to "NFC",
            "html_breaks" to "space", "control_characters" to "space", "case" to "lower",
            "tokenizer" to "words", "separators" to ",.!?", "word_characters" to "",
            "stop_words" to listOf("a"), "first_word_id" to 2, "unknown_id" to 1, "start_id" to null,
            "vocabulary_file" to "vocabulary.words", "padding" to "none", "padding_id" to 0,
            "labels" to listOf("bad", "good"), "threshold" to 0.5,
        )

    private fun golden(): String =
        """{"tolerance": 0.0001, "vectors": [
            {"text": "A good film!", "ids": [4, 2], "probability": 0.75},
            {"text": "not good", "ids": [3, 4], "probability": 0.25},
            {"text": "a", "ids": [], "probability": null}]}"""

    /** An .onnx file; attachments above [deflateFrom] bytes are compressed. */
    fun onnx(
        attachments: Map<String, ByteArray> = attachments(),
        graph: ByteArray = onnxGraph(),
        withSums: Boolean = true,
        deflateFrom: Int = 100,
    ): ByteArray {
        val all = if (withSums) withSums(attachments, graph) else attachments
        return graph + all.map { (name, content) -> entry(name, content, content.size > deflateFrom) }.join()
    }

    /** One metadata entry. */
    fun entry(name: String, content: ByteArray, deflate: Boolean): ByteArray {
        val prefix = if (deflate) "edgernn+deflate." else "edgernn."
        val value = if (deflate) base64(deflated(content, wrapped = true)) else content
        return field(14, field(1, "$prefix$name".toByteArray()) + field(2, value))
    }

    /** A graph that takes and gives what the contract says. */
    fun onnxGraph(inputs: List<String> = listOf("ids", "lengths"), more: ByteArray = ByteArray(0)): ByteArray {
        fun value(name: String, type: Int, axes: Int): ByteArray {
            val shape = (1..axes).map { field(1, field(2, "n$it".toByteArray())) }.join()
            val tensor = byteArrayOf(8, type.toByte()) + field(2, shape)
            return field(1, name.toByteArray()) + field(2, field(1, tensor))
        }
        val parts =
            inputs.map { field(11, value(it, 6, if (it == "ids") 2 else 1)) } +
                field(12, value("probability", 1, 1))
        return byteArrayOf(8, 8) + field(7, parts.join() + more) + field(8, byteArrayOf(16, 17))
    }

    /** A length-delimited field of Protocol Buffers. */
    fun field(number: Int, value: ByteArray): ByteArray = LabelModels.field(number, value)

    /** A .tflite file; attachments above [deflateFrom] bytes are compressed. */
    fun tflite(
        attachments: Map<String, ByteArray> = attachments(),
        graph: ByteArray = soundGraph(),
        withSums: Boolean = true,
        deflateFrom: Int = 100,
    ): ByteArray {
        val all = if (withSums) withSums(attachments, graph) else attachments
        return graph + archive(all.toSortedMap(), graph.size, deflateFrom)
    }

    /** A graph of runtimes/graphs, whose embedding has 50 rows. */
    fun soundGraph(name: String = "integers"): ByteArray = Repository.bytes("runtimes/graphs/$name.tflite")

    /** A ZIP archive behind so many bytes. */
    fun archive(files: Map<String, ByteArray>, behind: Int, deflateFrom: Int = 100): ByteArray {
        val local = ByteArrayOutputStream()
        val directory = ByteArrayOutputStream()
        for ((name, content) in files) {
            val deflate = content.size > deflateFrom
            val stored = if (deflate) deflated(content, wrapped = false) else content
            val common = ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN)
            common.putShort(20).putShort(0).putShort(if (deflate) 8 else 0).putShort(0).putShort(0x21)
            common.putInt(CRC32().apply { update(content) }.value.toInt()).putInt(stored.size).putInt(content.size)
            common.putShort(name.length.toShort()).putShort(0)
            val entry = ByteBuffer.allocate(14).order(ByteOrder.LITTLE_ENDIAN)
            entry.putShort(0).putShort(0).putShort(0).putInt(REGULAR_FILE shl 16).putInt(behind + local.size())
            directory.write("PK\u0001\u0002\u0014\u0003".toByteArray() + common.array() + entry.array())
            directory.write(name.toByteArray())
            local.write("PK\u0003\u0004".toByteArray() + common.array() + name.toByteArray() + stored)
        }
        val end = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN)
        end.putInt(0).putShort(files.size.toShort()).putShort(files.size.toShort())
        end.putInt(directory.size()).putInt(behind + local.size()).putShort(0)
        return local.toByteArray() + directory.toByteArray() + "PK\u0005\u0006".toByteArray() + end.array()
    }

    /**
     * A flatbuffer with one subgraph, in which nothing is computed.
     *
     * @param inputs how often the tensor `ids` is an input.
     * @param axes dimensions of `ids`.
     * @param type number of the TensorType of `ids`.
     * @param output shape of what it gives.
     */
    fun tfliteGraph(
        inputs: Int = 1,
        axes: Int = 2,
        type: Int = 2,
        output: List<Int> = listOf(1),
    ): ByteArray {
        val flat = Flat()
        val ids = flat.table(0 to flat.vector(List(axes) { 1 }), 1 to null, integers = mapOf(1 to type))
        val probability = flat.table(0 to flat.vector(output), 1 to null, integers = mapOf(1 to 0))
        val subgraph =
            flat.table(
                0 to flat.tables(listOf(ids, probability)),
                1 to flat.vector(List(inputs) { 0 }),
                2 to flat.vector(listOf(1)),
            )
        val codes = listOf(flat.table(0 to null, integers = mapOf(0 to 0)))
        val model = flat.table(1 to flat.tables(codes), 2 to flat.tables(listOf(subgraph)))
        return flat.finish(model)
    }

    /** Attachments together with the checksums of them and of a graph. */
    fun withSums(attachments: Map<String, ByteArray>, graph: ByteArray): Map<String, ByteArray> {
        val lines =
            listOf("${sha256(graph)}  (graph)\n") +
                attachments.toSortedMap().map { (name, content) -> "${sha256(content)}  $name\n" }
        return attachments + ("SHA256SUMS" to lines.joinToString("").toByteArray())
    }

    /** A deflated stream. */
    fun deflated(content: ByteArray, wrapped: Boolean): ByteArray {
        val deflater = Deflater(Deflater.BEST_COMPRESSION, !wrapped)
        deflater.setInput(content)
        deflater.finish()
        val found = ByteArray(content.size + 100)
        val size = deflater.deflate(found)
        check(deflater.finished())
        deflater.end()
        return found.copyOf(size)
    }

    /** Base64 of bytes. */
    fun base64(bytes: ByteArray): ByteArray = java.util.Base64.getEncoder().encode(bytes)

    private fun List<ByteArray>.join(): ByteArray = fold(ByteArray(0)) { all, one -> all + one }
}

/** Writes a flatbuffer: objects are made before those that point to them, and stand behind them. */
private class Flat {
    private val bytes = ByteBuffer.allocate(1 shl 14).order(ByteOrder.LITTLE_ENDIAN)
    private val objects = ArrayList<() -> Unit>()
    private val patches = ArrayList<Pair<Int, Int>>()

    /** A vector of integers. Objects are numbered in the order in which they are made. */
    fun vector(values: List<Int>): Int =
        made {
            bytes.putInt(values.size)
            values.forEach { bytes.putInt(it) }
        }

    /** A vector of tables. */
    fun tables(numbers: List<Int>): Int =
        made {
            bytes.putInt(numbers.size)
            numbers.forEach { offset(it) }
        }

    /** A table of offsets, or where a field's object is null, of the integer that [integers] says. */
    fun table(vararg fields: Pair<Int, Int?>, integers: Map<Int, Int> = emptyMap()): Int {
        val slots = fields.maxOf { it.first } + 1
        val places = IntArray(slots)
        fields.forEachIndexed { i, (field, _) -> places[field] = 4 + 4 * i }
        val head = 4 + 2 * slots
        return made(head) {
            bytes.putInt(head)
            for ((field, target) in fields) {
                if (target == null) bytes.putInt(integers.getValue(field)) else offset(target)
            }
            val end = bytes.position()
            bytes.position(end - 4 - 4 * fields.size - head)
            bytes.putShort(head.toShort()).putShort((4 + 4 * fields.size).toShort())
            places.forEach { bytes.putShort(it.toShort()) }
            bytes.position(end)
        }
    }

    fun finish(root: Int): ByteArray {
        bytes.position(0)
        offset(root)
        bytes.put("TFL3".toByteArray())
        val targets = IntArray(objects.size)
        for (number in objects.indices.reversed()) {
            val head = heads[number]
            targets[number] = bytes.position() + head
            bytes.position(targets[number])
            objects[number]()
        }
        for ((place, target) in patches) bytes.putInt(place, targets[target] - place)
        return bytes.array().copyOf(bytes.position())
    }

    private val heads = ArrayList<Int>()

    private fun made(head: Int = 0, write: () -> Unit): Int {
        objects += write
        heads += head
        return objects.size - 1
    }

    private fun offset(target: Int) {
        patches += bytes.position() to target
        bytes.putInt(0)
    }
}
