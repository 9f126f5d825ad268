package org.edgernn.bundle

/** Base64 of RFC 4648, with padding and nothing else. `java.util.Base64` needs Android 8. */
internal object Base64 {
    private const val ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private const val NONE = -1
    private val VALUES = IntArray(256) { ALPHABET.indexOf(it.toChar()) }

    /**
     * Decodes part of [bytes].
     *
     * @throws ProtoException it is no Base64.
     */
    fun decode(bytes: ByteArray, start: Int, length: Int): ByteArray {
        if (length % 4 != 0) throw damaged()
        var end = start + length
        repeat(2) { if (end > start && bytes[end - 1].toInt() == '='.code) end-- }
        val decoded = ByteArray((end - start) / 4 * 3 + maxOf((end - start) % 4 - 1, 0))
        var into = 0
        var group = 0
        for (at in start until end) {
            val value = VALUES[bytes[at].toInt() and 0xFF]
            if (value == NONE) throw damaged()
            group = group shl 6 or value
            when ((at - start) % 4) {
                1 -> decoded[into++] = (group shr 4).toByte()
                2 -> decoded[into++] = (group shr 2).toByte()
                3 -> decoded[into++] = group.toByte()
            }
        }
        return decoded
    }

    private fun damaged() = ProtoException("a compressed attachment is damaged: not base64")
}
