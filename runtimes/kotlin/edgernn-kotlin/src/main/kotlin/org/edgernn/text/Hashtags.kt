package org.edgernn.text

/** Returns [text] with each hashtag as its words. */
internal fun withOpenHashtags(text: String): String {
    var at = text.indexOf('#')
    if (at < 0) return text
    val out = StringBuilder(text.length + text.length / 8)
    var from = 0
    while (at >= 0) {
        val end = if (at > 0 && text[at - 1] == '&') at + 1 else endOfTag(text, at + 1)
        if (end > at + 1) {
            out.append(text, from, at).append(' ')
            open(text, at + 1, end, out)
            from = end
        }
        at = text.indexOf('#', end)
    }
    return out.append(text, from, text.length).toString()
}

private fun endOfTag(text: String, start: Int): Int {
    var at = start
    while (at < text.length) {
        val codePoint = text.codePointAt(at)
        if (codePoint != '_'.code && codePoint !in CodePoints.LETTERS) return at
        at += Character.charCount(codePoint)
    }
    return at
}

private fun open(text: String, start: Int, end: Int, out: StringBuilder) {
    var before = ' '.code
    var at = start
    while (at < end) {
        val given = text.codePointAt(at)
        val codePoint = if (given == '_'.code) ' '.code else given
        at += Character.charCount(given)
        val behind = if (at < end) text.codePointAt(at) else ' '.code
        if (isBorder(before, codePoint, behind)) out.append(' ')
        out.appendCodePoint(codePoint)
        before = codePoint
    }
}

private fun isBorder(before: Int, codePoint: Int, behind: Int): Boolean {
    if (before == ' '.code || codePoint == ' '.code) return false
    if (isDigit(before) != isDigit(codePoint)) return true
    if (codePoint !in CodePoints.UPPER) return false
    return before in CodePoints.LOWER || before in CodePoints.UPPER && behind in CodePoints.LOWER
}

private fun isDigit(codePoint: Int): Boolean = codePoint in '0'.code..'9'.code
