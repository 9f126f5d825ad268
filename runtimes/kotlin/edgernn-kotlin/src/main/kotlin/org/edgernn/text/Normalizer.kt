package org.edgernn.text

import java.util.BitSet
import org.edgernn.TextContract
import org.edgernn.Unicode
import org.edgernn.bundle.forEachCodePoint

/** What is done to a text before it is cut into tokens, in the order of the contract. */
internal class Normalizer(private val contract: TextContract, private val unicode: Unicode) {
    private val deleted = BitSet()

    init {
        forEachCodePoint(contract.deletedCharacters) { deleted.set(it) }
    }

    /** Returns well-formed UTF-16 in the form that the contract asks for. */
    fun normalize(text: String): String {
        var normalized = wellFormed(text)
        if (contract.decodesReferences) normalized = decoded(normalized)
        if (contract.composes && normalized.any { it >= FIRST_COMBINING }) normalized = unicode.nfc(normalized)
        if (contract.replacesBreaks) normalized = withoutBreaks(normalized)
        if (contract.replacesControls) normalized = withoutControls(normalized)
        if (contract.writesAsciiQuotes) normalized = withAsciiQuotes(normalized)
        if (contract.opensHashtags) normalized = withOpenHashtags(normalized)
        if (contract.lowers) normalized = lower(normalized)
        return if (deleted.isEmpty) normalized else withoutDeleted(normalized)
    }

    private fun withoutDeleted(text: String): String {
        val kept = StringBuilder(text.length)
        forEachCodePoint(text) { if (!deleted[it]) kept.appendCodePoint(it) }
        return kept.toString()
    }

    private fun lower(text: String): String {
        // No character of ASCII has more than one lower case, or looks at its neighbours.
        if (text.any { it >= '\u0080' }) return unicode.lower(text)
        if (text.none { it in 'A'..'Z' }) return text
        val lowered = CharArray(text.length) { if (text[it] in 'A'..'Z') text[it] + 32 else text[it] }
        return String(lowered)
    }

    private companion object {
        /** All below U+0300 are composed already. */
        const val FIRST_COMBINING = '\u0300'
    }
}

/** Returns [text] with U+FFFD in place of each surrogate that is not one of a pair. */
internal fun wellFormed(text: String): String {
    if (text.none { it.isSurrogate() }) return text
    val repaired = text.toCharArray()
    var at = 0
    while (at < repaired.size) {
        if (repaired[at].isHighSurrogate() && at + 1 < repaired.size && repaired[at + 1].isLowSurrogate()) {
            at++
        } else if (repaired[at].isSurrogate()) {
            repaired[at] = '\uFFFD'
        }
        at++
    }
    return String(repaired)
}

/** Tells whether a text is empty or white space alone: `White_Space`, and U+001C to U+001F. */
internal fun isBlank(text: String): Boolean =
    text.all {
        it in '\u0009'..'\u000D' || it in '\u001C'..'\u0020' || it == '\u0085' || it == '\u00A0' ||
            it == '\u1680' || it in '\u2000'..'\u200A' || it == '\u2028' || it == '\u2029' ||
            it == '\u202F' || it == '\u205F' || it == '\u3000'
    }

/** Returns [text] with a space in place of each `<br>`, `<br/>`, `<br >` and `<br />` of any case. */
private fun withoutBreaks(text: String): String {
    var at = text.indexOf('<')
    if (at < 0) return text
    val kept = StringBuilder(text.length)
    var from = 0
    while (at >= 0) {
        val length = breakAt(text, at)
        if (length > 0) {
            kept.append(text, from, at).append(' ')
            from = at + length
        }
        at = text.indexOf('<', maxOf(at + 1, from))
    }
    return kept.append(text, from, text.length).toString()
}

/** The length of the line break that begins at a `<`, 0 where none does. */
private fun breakAt(text: String, start: Int): Int {
    fun has(at: Int, one: Char, other: Char = one) = at < text.length && (text[at] == one || text[at] == other)
    if (!has(start + 1, 'b', 'B') || !has(start + 2, 'r', 'R')) return 0
    var at = start + 3
    if (has(at, ' ')) at++
    if (has(at, '/')) at++
    return if (has(at, '>')) at + 1 - start else 0
}

/** Returns [text] with a space in place of each character of U+0000-001F and U+007F-009F. */
private fun withoutControls(text: String): String {
    if (text.none { isControl(it) }) return text
    return String(CharArray(text.length) { if (isControl(text[it])) ' ' else text[it] })
}

/** Returns [text] with the apostrophes and quotation marks of ASCII; all others are single units. */
private fun withAsciiQuotes(text: String): String {
    if (text.none { it >= '\u0080' }) return text
    return String(
        CharArray(text.length) {
            val unit = text[it]
            when {
                unit < '\u0080' -> unit
                unit.code in CodePoints.APOSTROPHES -> '\''
                unit.code in CodePoints.QUOTES -> '"'
                else -> unit
            }
        },
    )
}

private fun isControl(unit: Char): Boolean = unit <= '\u001F' || unit in '\u007F'..'\u009F'
