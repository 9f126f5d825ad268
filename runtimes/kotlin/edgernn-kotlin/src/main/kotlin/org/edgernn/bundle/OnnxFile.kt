package org.edgernn.bundle

import java.util.zip.DataFormatException
import org.edgernn.ModelException

/**
 * An .onnx file: one `ModelProto` of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3, whose
 * field numbers stand below. Attachments are entries of `metadata_props`.
 */
internal class OnnxFile private constructor(private val bytes: ByteArray) {
    private val attachments = LinkedHashMap<String, ByteArray>()
    private val graph = ArrayList<IntRange>()
    private var room = Attachments.MAX_BYTES

    private fun container(): Container {
        if (bytes.startsWith(ORT_MARK, at = 4)) {
            // ONNX Runtime would take the file for one of its own format, of other content.
            throw ProtoException("two formats in one file")
        }
        val model = ProtoReader(bytes, 0, bytes.size, Budget(MAX_FIELDS))
        while (model.next()) {
            if (model.number != MODEL_METADATA || !takeAttachment(model.message())) {
                graph += model.fieldStart until model.fieldEnd
            }
        }
        val head = OnnxHead(bytes)
        return Container(attachments, sha256(bytes, graph), head.inputs, head.outputs)
    }

    /** Keeps the attachment that an entry is; false where it is none. */
    private fun takeAttachment(entry: ProtoReader): Boolean {
        var key: String? = null
        var value: IntRange? = null
        while (entry.next()) {
            if (entry.number == ENTRY_KEY && key == null) {
                key = entry.text()
            } else if (entry.number == ENTRY_VALUE && value == null) {
                value = entry.range
            } else if (entry.number == ENTRY_KEY || entry.number == ENTRY_VALUE) {
                throw ProtoException("a metadata entry with two keys or two values")
            }
        }
        val prefix = PREFIXES.firstOrNull { key.orEmpty().startsWith(it) } ?: return false
        val name = key.orEmpty().removePrefix(prefix)
        if (!Attachments.isName(name)) throw ProtoException("attachment name ${shown(name.take(80))} is not allowed")
        if (name in attachments) throw ProtoException("attachment ${shown(name)} appears twice")
        attachments[name] = content(value ?: IntRange.EMPTY, prefix == DEFLATED)
        return true
    }

    private fun content(value: IntRange, deflated: Boolean): ByteArray {
        val size = value.last + 1 - value.first
        val content =
            if (deflated) {
                inflate(Base64.decode(bytes, value.first, size))
            } else {
                if (size <= room) bytes.copyOfRange(value.first, value.last + 1) else null
            }
        content ?: throw ProtoException("more than ${Attachments.MAX_BYTES} bytes of attachments")
        room -= content.size
        return content
    }

    private fun inflate(stream: ByteArray): ByteArray? =
        try {
            Attachments.inflate(stream, 0, stream.size, wrapped = true, room)
        } catch (error: DataFormatException) {
            throw ProtoException("a compressed attachment is damaged: ${error.message}")
        }

    companion object {
        /** Fields read from one file at one go; a recurrent classifier has a few thousand. */
        const val MAX_FIELDS = 100_000

        private const val ORT_MARK = "ORTM"
        private const val MODEL_METADATA = 14
        private const val ENTRY_KEY = 1
        private const val ENTRY_VALUE = 2
        private const val DEFLATED = "edgernn+deflate."
        private val PREFIXES = listOf("edgernn.", DEFLATED)

        /**
         * Takes a file apart.
         *
         * @throws ModelException it is broken, reads other files, or its attachments are too large,
         *   have names that none may have, or are there twice.
         */
        fun read(bytes: ByteArray): Container =
            try {
                OnnxFile(bytes).container()
            } catch (error: ProtoException) {
                throw ModelException(
                    "not a usable ONNX file (${error.message}); export it again or get a fresh copy",
                )
            }
    }
}

/** Tells whether ASCII characters stand in bytes at a place. */
internal fun ByteArray.startsWith(mark: String, at: Int): Boolean =
    at >= 0 && mark.length <= size - at && mark.indices.all { this[at + it].toInt() == mark[it].code }
