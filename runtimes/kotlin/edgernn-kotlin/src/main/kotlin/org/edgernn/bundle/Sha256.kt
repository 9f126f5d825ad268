package org.edgernn.bundle

import java.security.MessageDigest

private const val DIGITS = "0123456789abcdef"

/** Returns the SHA-256 of parts of [bytes], one after the other, in lower-case hexadecimal. */
internal fun sha256(bytes: ByteArray, parts: List<IntRange> = listOf(bytes.indices)): String {
    val digest = MessageDigest.getInstance("SHA-256")
    for (part in parts) digest.update(bytes, part.first, part.last + 1 - part.first)
    val hexadecimal = StringBuilder(64)
    for (byte in digest.digest()) {
        hexadecimal.append(DIGITS[byte.toInt() shr 4 and 15]).append(DIGITS[byte.toInt() and 15])
    }
    return hexadecimal.toString()
}
