package org.edgernn.bundle

import org.edgernn.ModelException

/** The attachment `SHA256SUMS`: whether a model file still is what was exported. */
internal object Checksums {
    private const val NAME = "SHA256SUMS"
    private const val GRAPH = "(graph)"
    private const val MAX_BYTES = 16 shl 10
    private const val DIGEST = 64

    /**
     * Compares a file's checksums with its content.
     *
     * @param attachments content by name.
     * @param graph SHA-256 of all bytes that are no attachments.
     * @throws ModelException there are none, or something is changed, missing, or more.
     */
    fun check(attachments: Map<String, ByteArray>, graph: String) {
        val content =
            attachments[NAME]
                ?: throw ModelException("the file carries no $NAME: export it again with this edgernn")
        val expected = parse(content)
        val found = attachments.filterKeys { it != NAME }.mapValues { sha256(it.value) } + (GRAPH to graph)
        for (name in (expected.keys + found.keys).sorted()) {
            if (expected[name] != found[name]) {
                val what = if (name == GRAPH) "the graph" else name
                throw ModelException(
                    "$what is not what was exported (SHA-256 ${short(found[name])}, $NAME says " +
                        "${short(expected[name])}): the file is damaged or was altered; export it " +
                        "again or get a fresh copy",
                )
            }
        }
    }

    private fun parse(content: ByteArray): Map<String, String> {
        val sums = LinkedHashMap<String, String>()
        // Latin-1 reads any bytes; what is no checksum fails below.
        val text = String(content, 0, minOf(content.size, MAX_BYTES), Charsets.ISO_8859_1)
        for (line in text.removeSuffix("\n").split('\n')) {
            val sound =
                line.length > DIGEST + 2 && line.startsWith("  ", DIGEST) &&
                    line.take(DIGEST).all { it in '0'..'9' || it in 'a'..'f' } &&
                    line.drop(DIGEST + 2).all { it in '!'..'~' }
            if (!sound || sums.put(line.substring(DIGEST + 2), line.take(DIGEST)) != null) {
                throw ModelException("$NAME is damaged: export the file again or get a fresh copy")
            }
        }
        return sums
    }

    private fun short(digest: String?): String = if (digest == null) "none" else "${digest.take(12)}…"
}
