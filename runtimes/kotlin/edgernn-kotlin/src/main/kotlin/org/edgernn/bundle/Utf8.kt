package org.edgernn.bundle

import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CodingErrorAction

/** Bytes that are no UTF-8, from byte [position] on. */
internal class Utf8Exception(val position: Int) : Exception("not UTF-8 at byte $position")

/**
 * Decodes UTF-8 and takes no byte for another.
 *
 * @throws Utf8Exception it is none.
 */
internal fun decodeUtf8(bytes: ByteArray, start: Int = 0, length: Int = bytes.size - start): String {
    // Most is ASCII, of which no copy is needed.
    if ((start until start + length).all { bytes[it] >= 0 }) return String(bytes, start, length, Charsets.ISO_8859_1)
    val decoder =
        Charsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
    val input = ByteBuffer.wrap(bytes, start, length)
    // UTF-16 has at most as many units as UTF-8 has bytes.
    val output = CharBuffer.allocate(length)
    if (decoder.decode(input, output, true).isError || decoder.flush(output).isError) {
        throw Utf8Exception(input.position() - start)
    }
    output.flip()
    return output.toString()
}
