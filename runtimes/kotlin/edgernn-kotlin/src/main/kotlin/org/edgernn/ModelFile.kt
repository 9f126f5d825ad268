package org.edgernn

import java.io.IOException
import java.io.InputStream
import org.edgernn.bundle.Checksums
import org.edgernn.bundle.Json
import org.edgernn.bundle.JsonException
import org.edgernn.bundle.OnnxFile
import org.edgernn.bundle.TfliteFile
import org.edgernn.bundle.Utf8Exception
import org.edgernn.bundle.decodeUtf8
import org.edgernn.bundle.oneLine
import org.edgernn.bundle.sha256

/**
 * A format of model files.
 *
 * @property title as the field `format` of a bench has it.
 */
public enum class Format(public val title: String) {
    ONNX("onnx"),
    TFLITE("tflite"),
}

/**
 * A model file, read whole and checked; nothing of it has run.
 *
 * Checksums tell damage, not intent: who alters a file can write them anew. So ship model files in
 * the app, or sign them. Of a TFLite file, each operator, tensor and loop is compared with what an
 * export has, as edgernn's Python reader does. Of an ONNX file they are not: a file in an app's
 * assets is signed with the app and trusted like its code, and `edgernn android` made that comparison
 * when it put the file there. What could reach beyond the file is refused here too: weights in other
 * files, functions, and operators that hold graphs. The engines come without custom operators. What
 * an ONNX graph from strangers can still do is take memory and time without end, or meet a mistake in
 * the engine's native code.
 *
 * @property name what errors and benches call it.
 * @property size bytes of the whole file.
 * @property sha256 SHA-256 of the whole file, in lower-case hexadecimal.
 * @property card what the model is: recipe, precision, training figures, versions. Values are
 *   String, Long (BigInteger where it does not fit), Double, Boolean, null, List and Map of these.
 * @property page the card for people, Markdown; empty where the file has none.
 * @property golden texts with what the file gave for them; null where it carries none.
 * @property encoder the contract joined with the vocabulary.
 */
public class ModelFile private constructor(
    public val name: String,
    public val format: Format,
    bytes: ByteArray,
    public val sha256: String,
    public val card: Map<String, Any?>,
    public val page: String,
    public val golden: GoldenVectors?,
    public val encoder: TextEncoder,
    internal val hasStateLoop: Boolean,
    internal val takesBatches: Boolean,
) {
    public val size: Int = bytes.size

    @Volatile
    private var held: ByteArray? = bytes

    /**
     * The whole file; not a copy, so do not change it.
     *
     * @throws IllegalStateException it was [released][release].
     */
    public val bytes: ByteArray
        get() = checkNotNull(held) { "$name: its bytes were released: read the file again" }

    /**
     * Lets the file's bytes go, which nobody needs but who opens it: a classifier that is open keeps what it
     * needs, and all else here stays. [NativeClassifier.open] does so by itself.
     */
    public fun release() {
        held = null
    }

    /** The text contract. */
    public val contract: TextContract
        get() = encoder.contract

    public companion object {
        private const val CONTRACT = "contract.json"
        private const val CARD = "card.json"
        private const val PAGE = "card.md"
        private const val MAX_BYTES = 1 shl 20
        private const val MAX_MODEL_BYTES = 128 shl 20
        private const val FIRST_BYTES = 8 shl 10

        /**
         * Reads a model file and checks its container, checksums, contract, vocabulary and sizes.
         *
         * @param bytes the whole file.
         * @param name what to call it in an error.
         * @throws ModelException it is refused; the message, one line, names it and says why.
         */
        @JvmStatic
        @Throws(ModelException::class)
        public fun read(bytes: ByteArray, name: String, unicode: Unicode): ModelFile =
            try {
                checked(bytes, name, unicode)
            } catch (error: ModelException) {
                throw ModelException("${oneLine(name)}: ${oneLine(error.message.orEmpty())}", error.reason)
            }

        /**
         * Reads a model file from a stream, of which it takes no more memory than the file has.
         *
         * @param stream is read to its end, and stays open.
         * @throws ModelException as from bytes.
         * @throws IOException it cannot be read.
         */
        @JvmStatic
        @Throws(ModelException::class, IOException::class)
        public fun read(stream: InputStream, name: String, unicode: Unicode): ModelFile {
            val bytes = upTo(MAX_MODEL_BYTES + 1, stream)
            return read(bytes, name, unicode)
        }

        /** Returns what is in a stream, [most] bytes of it. */
        private fun upTo(most: Int, stream: InputStream): ByteArray {
            // A file says how much there is, so that this is all that is taken.
            var bytes = ByteArray(stream.available().coerceIn(FIRST_BYTES, most))
            var size = 0
            while (true) {
                if (size == bytes.size) {
                    if (size == most) break
                    val next = stream.read()
                    if (next < 0) break
                    bytes = bytes.copyOf(minOf(2L * size, most.toLong()).toInt())
                    bytes[size++] = next.toByte()
                }
                val found = stream.read(bytes, size, bytes.size - size)
                if (found < 0) break
                size += found
            }
            return if (size == bytes.size) bytes else bytes.copyOf(size)
        }

        private fun checked(bytes: ByteArray, name: String, unicode: Unicode): ModelFile {
            if (bytes.size > MAX_MODEL_BYTES) throw ModelException("larger than ${MAX_MODEL_BYTES shr 20} MiB")
            // ONNX has no mark of its own.
            val format = if (TfliteFile.isOne(bytes)) Format.TFLITE else Format.ONNX
            val container = if (format == Format.TFLITE) TfliteFile.read(bytes) else OnnxFile.read(bytes)
            val attachments = container.attachments
            required(attachments, CONTRACT)
            required(attachments, CARD)
            Checksums.check(attachments, container.graphSha256)
            for (small in listOf(CONTRACT, CARD, PAGE, GoldenVectors.NAME, GoldenVectors.BATCH)) {
                val size = attachments[small]?.size ?: 0
                if (size > MAX_BYTES) throw ModelException("$small: larger than ${MAX_BYTES shr 20} MiB")
            }
            val contract = because(ModelException.Reason.RULES) { TextContract.read(required(attachments, CONTRACT)) }
            val card = card(required(attachments, CARD))
            val vocabulary = required(attachments, contract.vocabularyFile)
            val encoder = because(ModelException.Reason.RULES) { TextEncoder.read(contract, vocabulary, unicode) }
            val golden =
                attachments[GoldenVectors.NAME]?.let {
                    GoldenVectors.read(it, contract, attachments[GoldenVectors.BATCH])
                }
            val page = page(attachments[PAGE] ?: ByteArray(0))
            because(ModelException.Reason.GRAPH) {
                container.checkGraph(format, contract)
                container.checkStructure(contract.vocabularySize)
            }
            val digest = sha256(bytes)
            val (loops, batches) = container.hasStateLoop to container.takesBatches
            return ModelFile(name, format, bytes, digest, card, page, golden, encoder, loops, batches)
        }

        private fun required(attachments: Map<String, ByteArray>, name: String): ByteArray =
            attachments[name]
                ?: throw ModelException("the file carries no $name: it was not written by `edgernn export`")

        private fun card(json: ByteArray): Map<String, Any?> {
            val values =
                try {
                    Json.parse(json)
                } catch (error: JsonException) {
                    throw ModelException("$CARD: not JSON: ${error.message}")
                }
            if (values !is Map<*, *>) throw ModelException("$CARD: not a JSON object")
            return values.entries.associate { (name, value) -> name as String to value }
        }

        private fun page(bytes: ByteArray): String =
            try {
                decodeUtf8(bytes)
            } catch (_: Utf8Exception) {
                throw ModelException("$PAGE: not UTF-8")
            }
    }
}
