package org.edgernn.text

private const val MOST_DIGITS = 8
private const val DECIMAL = 10
private const val HEXADECIMAL = 16
private const val REPLACEMENT = 0xFFFD

/** Returns [text] with its character references decoded, once. */
internal fun decoded(text: String): String {
    var at = text.indexOf('&')
    if (at < 0) return text
    val out = StringBuilder(text.length)
    var from = 0
    while (at >= 0) {
        val end = text.indexOf(';', at + 1)
        // No `;` behind this one: none behind the others either.
        if (end < 0) break
        val codePoint = meant(text, at + 1, end)
        if (codePoint >= 0) {
            out.append(text, from, at).appendCodePoint(codePoint)
            from = end + 1
        }
        at = text.indexOf('&', maxOf(at + 1, from))
    }
    return out.append(text, from, text.length).toString()
}

/** The code point of a reference without `&` and `;`, or -1 where it is none. */
private fun meant(text: String, start: Int, end: Int): Int {
    // The longest: `#x` and 8 digits; names are shorter.
    if (end - start > MOST_DIGITS + 2) return -1
    if (text[start] != '#') return CodePoints.NAMES[text.substring(start, end)] ?: -1
    val isHexadecimal = start + 1 < end && (text[start + 1] == 'x' || text[start + 1] == 'X')
    val first = if (isHexadecimal) start + 2 else start + 1
    if (end - first !in 1..MOST_DIGITS) return -1
    var number = 0L
    for (at in first until end) {
        val digit = digit(text[at], isHexadecimal)
        if (digit < 0) return -1
        number = number * (if (isHexadecimal) HEXADECIMAL else DECIMAL) + digit
    }
    return when (number) {
        0L, in 0xD800L..0xDFFFL -> REPLACEMENT
        in 1L..0x10FFFFL -> CodePoints.WINDOWS_1252[number.toInt()] ?: number.toInt()
        else -> REPLACEMENT
    }
}

private fun digit(character: Char, isHexadecimal: Boolean): Int =
    when {
        character in '0'..'9' -> character - '0'
        !isHexadecimal -> -1
        character in 'a'..'f' -> character - 'a' + DECIMAL
        character in 'A'..'F' -> character - 'A' + DECIMAL
        else -> -1
    }
