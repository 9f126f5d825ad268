package org.edgernn.bundle

import java.math.BigDecimal
import java.util.Locale
import kotlin.math.abs

private const val LONGEST = 400

/**
 * Returns a text fit for people: what is not printable is escaped, what is long loses its middle.
 *
 * A name inside a hostile file may hold line breaks, escape sequences or megabytes.
 */
internal fun oneLine(text: String): String {
    val shown = if (text.length > LONGEST) "${text.take(LONGEST / 2)} … ${text.takeLast(LONGEST / 2)}" else text
    val line = StringBuilder(shown.length)
    forEachCodePoint(shown) { if (isPrintable(it)) line.appendCodePoint(it) else line.append(escaped(it)) }
    return line.toString()
}

/**
 * Tells whether a label may have a code point: of the general categories Cc, Cf, Cs, Co, Cn, Zl and
 * Zp none, of Zs the space alone.
 */
internal fun isPrintable(codePoint: Int): Boolean =
    when (Character.getType(codePoint).toByte()) {
        Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE,
        Character.UNASSIGNED, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
        -> false
        Character.SPACE_SEPARATOR -> codePoint == ' '.code
        else -> true
    }

/** Shows a value of JSON as the documented errors do, which is Python's way; lists are in [brackets]. */
internal fun shown(value: Any?, brackets: String = "[]"): String =
    when (value) {
        null -> "None"
        true -> "True"
        false -> "False"
        is String -> quoted(value)
        is Double -> shownDouble(value)
        is List<*> -> value.joinToString(", ", brackets.take(1), brackets.takeLast(1)) { shown(it) }
        is Map<*, *> ->
            value.entries.joinToString(", ", "{", "}") { "${shown(it.key)}: ${shown(it.value)}" }
        else -> value.toString()
    }

/** Calls [action] with each code point; a lone surrogate is one. */
internal inline fun forEachCodePoint(text: String, action: (Int) -> Unit) {
    var at = 0
    while (at < text.length) {
        val codePoint = text.codePointAt(at)
        at += Character.charCount(codePoint)
        action(codePoint)
    }
}

private fun shownDouble(value: Double): String {
    if (value == 0.0 || abs(value) in 1e-4..<1e16) {
        val plain = BigDecimal(value.toString()).stripTrailingZeros().toPlainString()
        return if ('.' in plain) plain else "$plain.0"
    }
    val (digits, exponent) = value.toString().split('E').takeIf { it.size == 2 } ?: return value.toString()
    val sign = if (exponent.startsWith("-")) "-" else "+"
    return "${digits.removeSuffix(".0")}e$sign${exponent.removePrefix("-").padStart(2, '0')}"
}

private fun quoted(text: String): String {
    val quote = if ('\'' in text && '"' !in text) '"' else '\''
    val inside = StringBuilder()
    forEachCodePoint(text) {
        when {
            it == '\\'.code || it == quote.code -> inside.append('\\').appendCodePoint(it)
            isPrintable(it) -> inside.appendCodePoint(it)
            else -> inside.append(escaped(it))
        }
    }
    return "$quote$inside$quote"
}

private fun escaped(codePoint: Int): String =
    when {
        codePoint == '\n'.code -> "\\n"
        codePoint == '\r'.code -> "\\r"
        codePoint == '\t'.code -> "\\t"
        codePoint <= 0xFF -> String.format(Locale.ROOT, "\\x%02x", codePoint)
        codePoint <= 0xFFFF -> String.format(Locale.ROOT, "\\u%04x", codePoint)
        else -> String.format(Locale.ROOT, "\\U%08x", codePoint)
    }
