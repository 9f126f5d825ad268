package org.edgernn

import java.io.ByteArrayOutputStream
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest
import kotlin.math.exp

/**
 * Model files of contract version 2 with any labels, a kilobyte each, which ONNX Runtime runs.
 *
 * A label's name is a word, which speaks for it as often as a text has it: the first with a logit of
 * 2, each further one up to the 64th with a little more. Other words say nothing. The tests of library
 * and demo are compiled with it.
 */
object LabelModels {
    private const val FIRST_WORD = 2
    private const val OPEN = -1L

    /**
     * An .onnx file.
     *
     * @param decision of the contract: `threshold`, `largest` or `each`.
     * @param labels words in lower case.
     * @param changes fields of the contract that are others than [contract] says.
     * @param outputs how many probabilities the graph gives for a text.
     */
    fun onnx(
        decision: String,
        labels: List<String>,
        changes: Map<String, Any?> = emptyMap(),
        outputs: Long = if (decision == "threshold") 1 else labels.size.toLong(),
    ): ByteArray {
        val graph = graph(decision, labels, outputs)
        val attachments = attachments(decision, labels, changes)
        val sums =
            mapOf("(graph)" to graph).plus(attachments).map { (name, content) -> "${sha256(content)}  $name\n" }
        val all = attachments + ("SHA256SUMS" to sums.joinToString("").toByteArray())
        val entries =
            all.map { (name, content) -> field(14, field(1, "edgernn.$name".toByteArray()) + field(2, content)) }
        return graph + join(entries)
    }

    /** The attachments of a file without checksums. */
    fun attachments(
        decision: String,
        labels: List<String>,
        changes: Map<String, Any?> = emptyMap(),
    ): Map<String, ByteArray> {
        val vocabulary = labels.joinToString("") { "$it\n" }.toByteArray()
        val contract = contract(decision, labels, vocabulary) + changes
        val texts = labels.take(MOST_GOLDEN).map { it to listOf(labels.indexOf(it)) } + ("other words" to emptyList())
        val vectors =
            texts.map { (text, named) ->
                val ids = if (named.isEmpty()) listOf(1, 1) else named.map { FIRST_WORD + it }
                val found = probabilities(decision, labels, named)
                mapOf("text" to text, "ids" to ids) +
                    if (decision == "threshold") mapOf("probability" to found[1]) else mapOf("probabilities" to found)
            }
        return mapOf(
            "contract.json" to json(contract).toByteArray(),
            "vocabulary.words" to vocabulary,
            "card.json" to json(mapOf("recipe" to "labels", "precision" to "float32")).toByteArray(),
            "golden.json" to json(mapOf("tolerance" to 1e-4, "vectors" to vectors)).toByteArray(),
        )
    }

    /** The probability of each label for a text in which these labels are named, by their numbers. */
    fun probabilities(decision: String, labels: List<String>, named: List<Int>): List<Double> {
        if (decision == "threshold") {
            val second = sigmoid(named.sumOf { if (it == 1) weight(1) else -weight(0) })
            return listOf(1 - second, second)
        }
        val logits = labels.indices.map { label -> named.sumOf { if (it == label) weight(label) else 0.0 } }
        if (decision == "each") return logits.map { sigmoid(it - 1) }
        val powers = logits.map { exp(it) }
        return powers.map { it / powers.sum() }
    }

    /** A contract of version 2, whose fields and their defaults docs/contract.md has. */
    private fun contract(decision: String, labels: List<String>, vocabulary: ByteArray): Map<String, Any?> =
        linkedMapOf<String, Any?>(
            "vocabulary_sha256" to sha256(vocabulary), "vocabulary_size" to labels.size + FIRST_WORD,
            "max_length" to 40, "cut" to "start", "version" to 2, "unicode_form" to "NFC",
            "html_breaks" to "space", "control_characters" to "space", "case" to "lower",
            "tokenizer" to "words", "separators" to ",.!?", "word_characters" to "",
            "stop_words" to emptyList<String>(), "first_word_id" to FIRST_WORD, "unknown_id" to 1,
            "start_id" to null, "vocabulary_file" to "vocabulary.words", "padding" to "none",
            "padding_id" to 0, "labels" to labels, "threshold" to if (decision == "threshold") 0.5 else null,
        ) + secondDefaults +
            mapOf(
                "decision" to decision,
                "thresholds" to if (decision == "each") labels.map { 0.5 } else emptyList(),
                "none_below" to null,
            )

    /** The fields that version 2 adds, with their defaults: strings, lists without elements, null. */
    private val secondDefaults: Map<String, Any?> by lazy {
        val page =
            generateSequence(File("").absoluteFile) { it.parentFile }.map { File(it, "docs/contract.md") }
                .first { it.isFile }.readText()
        val table = page.substringAfter("\n| field of version 2 |").substringBefore("\n\n")
        Regex("""^\| `(\w+)` \|.*?\|.*?\| `(null|\[]|"[^`]*")` \|""", RegexOption.MULTILINE).findAll(table)
            .map { it.destructured }
            .associate { (name, value) ->
                name to when (value) {
                    "null" -> null
                    "[]" -> emptyList<Any?>()
                    else -> value.trim('"')
                }
            }
    }

    private fun weight(label: Int): Double = 2 + label % 64 / 64.0

    private fun sigmoid(logit: Double): Double = 1 / (1 + exp(-logit))

    /** The graph of [onnx]: rows of a table are looked up, summed, shifted and made probabilities of. */
    fun graph(decision: String, labels: List<String>, outputs: Long = labels.size.toLong()): ByteArray {
        val isBinary = decision == "threshold"
        val columns = if (isBinary) 1 else outputs.toInt()
        val table = FloatArray((labels.size + FIRST_WORD) * columns)
        for (label in labels.indices) {
            val row = (FIRST_WORD + label) * columns
            if (isBinary) {
                table[row] = (if (label == 1) weight(1) else -weight(0)).toFloat()
            } else if (label < columns) {
                table[row + label] = weight(label).toFloat()
            }
        }
        val bias = floatArrayOf(if (decision == "each") -1f else 0f)
        val axes = if (isBinary) longArrayOf(1, 2) else longArrayOf(1)
        val result = if (isBinary) "probability" else "probabilities"
        val parts =
            listOf(
                field(1, node("Gather", listOf("table", "ids"), "rows")),
                field(1, node("ReduceSum", listOf("rows", "axes"), "sums", "keepdims" to 0)),
                field(1, node("Add", listOf("sums", "bias"), "logits")),
                field(1, node(if (decision == "largest") "Softmax" else "Sigmoid", listOf("logits"), result)),
                field(2, "labels".toByteArray()),
                field(5, floats("table", longArrayOf(labels.size + 2L, columns.toLong()), table)),
                field(5, floats("bias", longArrayOf(1), bias)),
                field(5, integers("axes", axes)),
                field(11, value("ids", 6, OPEN, OPEN)),
                field(11, value("lengths", 6, OPEN)),
                field(12, if (isBinary) value(result, 1, OPEN) else value(result, 1, OPEN, outputs)),
            )
        return integer(1, 8) + field(7, join(parts)) + field(8, integer(2, 17))
    }

    private fun node(type: String, inputs: List<String>, output: String, setting: Pair<String, Int>? = null): ByteArray {
        val settings =
            setting?.let { (name, value) -> field(5, field(1, name.toByteArray()) + integer(3, value) + integer(20, 2)) }
        return join(inputs.map { field(1, it.toByteArray()) }) + field(2, output.toByteArray()) +
            field(4, type.toByteArray()) + (settings ?: ByteArray(0))
    }

    private fun floats(name: String, shape: LongArray, values: FloatArray): ByteArray {
        val raw = ByteBuffer.allocate(4 * values.size).order(ByteOrder.LITTLE_ENDIAN)
        for (value in values) raw.putFloat(value)
        return tensor(name, 1, shape, raw.array())
    }

    private fun integers(name: String, values: LongArray): ByteArray {
        val raw = ByteBuffer.allocate(8 * values.size).order(ByteOrder.LITTLE_ENDIAN)
        for (value in values) raw.putLong(value)
        return tensor(name, 7, longArrayOf(values.size.toLong()), raw.array())
    }

    private fun tensor(name: String, type: Int, shape: LongArray, raw: ByteArray): ByteArray =
        join(shape.map { integer(1, it.toInt()) }) + integer(2, type) + field(8, name.toByteArray()) + field(9, raw)

    /** What a graph takes or gives; a size below 1 is open. */
    private fun value(name: String, type: Int, vararg sizes: Long): ByteArray {
        val shape =
            sizes.mapIndexed { i, size ->
                field(1, if (size < 1) field(2, "n$i".toByteArray()) else integer(1, size.toInt()))
            }
        return field(1, name.toByteArray()) + field(2, field(1, integer(1, type) + field(2, join(shape))))
    }

    /** A length-delimited field of Protocol Buffers. */
    fun field(number: Int, value: ByteArray): ByteArray = varint(number shl 3 or 2) + varint(value.size) + value

    private fun integer(number: Int, value: Int): ByteArray = varint(number shl 3) + varint(value)

    private fun varint(value: Int): ByteArray {
        val written = ByteArrayOutputStream()
        var rest = value
        while (rest >= 0x80) {
            written.write(rest and 0x7F or 0x80)
            rest = rest ushr 7
        }
        written.write(rest)
        return written.toByteArray()
    }

    private fun join(parts: List<ByteArray>): ByteArray = parts.fold(ByteArray(0)) { all, one -> all + one }

    private fun sha256(bytes: ByteArray): String =
        MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }

    /** What needs no escapes, as JSON. */
    private fun json(value: Any?): String =
        when (value) {
            is String -> "\"$value\""
            is List<*> -> value.joinToString(", ", "[", "]") { json(it) }
            is Map<*, *> -> value.entries.joinToString(", ", "{", "}") { (name, item) -> "\"$name\": ${json(item)}" }
            else -> "$value"
        }

    private const val MOST_GOLDEN = 20
}
