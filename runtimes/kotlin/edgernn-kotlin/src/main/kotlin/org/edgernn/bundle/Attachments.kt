package org.edgernn.bundle

import java.util.zip.DataFormatException
import java.util.zip.Inflater

/** What both file formats agree on about attachments: the named contents inside a model file. */
internal object Attachments {
    /** Bound on all attachments of a file together, uncompressed. */
    const val MAX_BYTES = 16 shl 20

    private const val MAX_NAME = 64
    private const val PIECE = 8 shl 10

    /** Tells whether an attachment may have a name: 1 to 64 of `A-Za-z0-9._-`, the first no dot. */
    fun isName(name: String): Boolean =
        name.length in 1..MAX_NAME && name[0] != '.' &&
            name.all { it in 'a'..'z' || it in 'A'..'Z' || it in '0'..'9' || it in "._-" }

    /**
     * Decompresses a whole deflated stream.
     *
     * @param wrapped whether it is a zlib stream (RFC 1950), not a bare one (RFC 1951).
     * @param room how many bytes may come out.
     * @return null where more would come out.
     * @throws DataFormatException the stream is damaged, cut short, or has bytes after it.
     */
    fun inflate(bytes: ByteArray, start: Int, length: Int, wrapped: Boolean, room: Int): ByteArray? {
        val inflater = Inflater(!wrapped)
        try {
            // Twice: once to count, so that memory is taken once, and only for what does come out. What the
            // file says about sizes is not believed.
            val piece = ByteArray(PIECE)
            var size = 0L
            inflater.setInput(bytes, start, length)
            while (!inflater.finished()) {
                val found = inflater.inflate(piece)
                if (found == 0 && !inflater.finished()) throw DataFormatException("it is cut short")
                size += found
                if (size > room) return null
            }
            if (inflater.remaining > 0) throw DataFormatException("bytes behind it")
            val content = ByteArray(size.toInt())
            inflater.reset()
            inflater.setInput(bytes, start, length)
            var at = 0
            while (at < content.size) at += inflater.inflate(content, at, content.size - at)
            return content
        } finally {
            inflater.end()
        }
    }
}
