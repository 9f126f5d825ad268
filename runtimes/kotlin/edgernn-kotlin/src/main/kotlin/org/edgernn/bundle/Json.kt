package org.edgernn.bundle

import java.math.BigInteger

/** A text that is no JSON; the message says what and where. */
internal class JsonException(message: String) : Exception(message)

/**
 * Strict, bounded JSON (RFC 8259): no name twice in an object, no number that is none, nothing
 * behind the value, no deep nesting.
 *
 * Values are String, Long (BigInteger where it does not fit), Double, Boolean, null, List, and Map
 * in the order of the text. Escapes of lone surrogates stay what they are.
 */
internal class Json private constructor(private val text: String) {
    private var at = 0

    private fun document(): Any? {
        val value = value(0)
        if (at < text.length) throw refused("something behind the value")
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > MAX_DEPTH) throw refused("nested more than $MAX_DEPTH deep")
        skipSpace()
        val value =
            when (val next = peek()) {
                '{' -> objectValue(depth)
                '[' -> list(depth)
                '"' -> string()
                't' -> word("true", true)
                'f' -> word("false", false)
                'n' -> word("null", null)
                else -> if (next == '-' || next in '0'..'9') number() else throw refused("no value")
            }
        skipSpace()
        return value
    }

    private fun objectValue(depth: Int): Map<String, Any?> {
        val found = LinkedHashMap<String, Any?>()
        at++
        skipSpace()
        if (peek() == '}') {
            at++
            return found
        }
        while (true) {
            skipSpace()
            if (peek() != '"') throw refused("no name")
            val name = string()
            if (name in found) throw refused("a field appears twice")
            skipSpace()
            if (peek() != ':') throw refused("no ':'")
            at++
            found[name] = value(depth + 1)
            when (peek()) {
                ',' -> at++
                '}' -> {
                    at++
                    return found
                }
                else -> throw refused("no ',' or '}'")
            }
        }
    }

    private fun list(depth: Int): List<Any?> {
        val found = ArrayList<Any?>()
        at++
        skipSpace()
        if (peek() == ']') {
            at++
            return found
        }
        while (true) {
            found += value(depth + 1)
            when (peek()) {
                ',' -> at++
                ']' -> {
                    at++
                    return found
                }
                else -> throw refused("no ',' or ']'")
            }
        }
    }

    private fun string(): String {
        val found = StringBuilder()
        at++
        while (true) {
            val next = peek()
            at++
            when {
                next == '"' -> return found.toString()
                next == '\\' -> found.append(escape())
                // A text that is cut off ends with NUL, too.
                next < ' ' -> throw refused("a string without an end")
                else -> found.append(next)
            }
        }
    }

    private fun escape(): Char {
        val next = peek()
        at++
        return when (next) {
            '"', '\\', '/' -> next
            'b' -> '\b'
            'f' -> '\u000C'
            'n' -> '\n'
            'r' -> '\r'
            't' -> '\t'
            'u' -> {
                if (at + 4 > text.length) throw refused("an escape that is cut off")
                var code = 0
                repeat(4) {
                    val digit = Character.digit(text[at], 16)
                    if (digit < 0 || text[at] > 'f') throw refused("an escape that is none")
                    code = 16 * code + digit
                    at++
                }
                code.toChar()
            }
            else -> throw refused("an escape that is none")
        }
    }

    private fun number(): Any {
        val start = at
        if (peek() == '-') at++
        if (peek() == '0') at++ else digits()
        var whole = true
        if (peek() == '.') {
            whole = false
            at++
            digits()
        }
        if (peek() == 'e' || peek() == 'E') {
            whole = false
            at++
            if (peek() == '+' || peek() == '-') at++
            digits()
        }
        if (at - start > MAX_DIGITS) throw refused("a number of more than $MAX_DIGITS characters")
        val written = text.substring(start, at)
        if (!whole) return written.toDouble()
        return written.toLongOrNull() ?: BigInteger(written)
    }

    private fun digits() {
        if (peek() !in '0'..'9') throw refused("a number without digits")
        while (peek() in '0'..'9') at++
    }

    private fun <T> word(written: String, value: T): T {
        if (!text.startsWith(written, at)) throw refused("no value")
        at += written.length
        return value
    }

    private fun skipSpace() {
        while (at < text.length && (text[at] == ' ' || text[at] in "\n\r\t")) at++
    }

    /** The next character; NUL, which JSON has nowhere bare, behind the last. */
    private fun peek(): Char = if (at < text.length) text[at] else '\u0000'

    private fun refused(what: String) = JsonException("$what at character ${minOf(at, text.length)}")

    companion object {
        private const val MAX_DEPTH = 64
        private const val MAX_DIGITS = 1000

        /**
         * Reads a text of JSON in UTF-8, without a byte order mark.
         *
         * @throws JsonException it is none.
         */
        fun parse(bytes: ByteArray): Any? =
            try {
                Json(decodeUtf8(bytes)).document()
            } catch (error: Utf8Exception) {
                throw JsonException(error.message.orEmpty())
            }

        /** Writes values as JSON; floats must be finite. */
        fun write(value: Any?): String = StringBuilder().also { write(value, it) }.toString()

        private fun write(value: Any?, into: StringBuilder) {
            when (value) {
                null, is Boolean, is Int, is Long -> into.append(value)
                is Float, is Double -> {
                    require((value as Number).toDouble().isFinite()) { "$value is not a JSON number" }
                    into.append(value)
                }
                is String -> writeString(value, into)
                is List<*> -> {
                    into.append('[')
                    value.forEachIndexed { i, item ->
                        if (i > 0) into.append(", ")
                        write(item, into)
                    }
                    into.append(']')
                }
                is Map<*, *> -> {
                    into.append('{')
                    value.entries.forEachIndexed { i, (name, item) ->
                        if (i > 0) into.append(", ")
                        writeString(name as String, into)
                        into.append(": ")
                        write(item, into)
                    }
                    into.append('}')
                }
                else -> throw IllegalArgumentException("${value.javaClass} is no value of JSON")
            }
        }

        private fun writeString(text: String, into: StringBuilder) {
            into.append('"')
            for (unit in text) {
                when {
                    unit == '"' || unit == '\\' -> into.append('\\').append(unit)
                    unit < ' ' || unit.isSurrogate() -> {
                        into.append("\\u").append(unit.code.toString(16).padStart(4, '0'))
                    }
                    else -> into.append(unit)
                }
            }
            into.append('"')
        }
    }
}
