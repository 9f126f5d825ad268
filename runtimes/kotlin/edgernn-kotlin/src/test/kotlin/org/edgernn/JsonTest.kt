package org.edgernn

import org.edgernn.bundle.Json
import org.edgernn.bundle.JsonException
import org.edgernn.bundle.shown
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** JSON, strict and bounded, and how its values are shown in errors. */
class JsonTest {
    private fun parse(text: String): Any? = Json.parse(text.toByteArray())

    private fun refused(text: String): String =
        assertThrows(text, JsonException::class.java) { parse(text) }.message.orEmpty()

    /** All kinds of values, and escapes. */
    @Test
    fun values() {
        assertEquals(
            linkedMapOf("a" to listOf(1L, -2.5, true, false, null, "x"), "b" to emptyMap<String, Any>(), "c" to emptyList<Any>()),
            parse(" {\"a\" : [1, -2.5, true,false ,null, \"x\"],\n\"b\":{}, \"c\":[\t]}\r"),
        )
        assertEquals("\"\\/\b\u000C\n\r\t\u00e9\ud83d\ude00\ud800", parse(""""\"\\\/\b\f\n\r\t\u00E9\uD83d\ude00\ud800""""))
        assertEquals(1e-3, parse("1E-3"))
        assertEquals(java.math.BigInteger("99999999999999999999"), parse("99999999999999999999"))
        assertEquals(listOf(0L, -0.0, 10L), parse("[0, -0.0, 10]"))
    }

    /** What RFC 8259 does not have. */
    @Test
    fun refusals() {
        for (text in listOf(
            "", " ", "{", "[", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "'a'", "\"a", "\"\n\"", "\"\\x\"",
            "\"\\u12\"", "\"\\u12g4\"", "\"\\", "01", "1.", ".5", "+1", "1e", "-", "NaN", "Infinity", "-Infinity", "tru",
            "nul", "1 2", "[1]]", "\uFEFF1", "/* */1", "\u0000", "\"\u0000\"", "\u00a01", "\uFF11",
        )) {
            refused(text)
        }
        assertTrue(refused("{\"a\": 1, \"\\u0061\": 2}").startsWith("a field appears twice"))
        assertEquals("nested more than 64 deep at character 65", refused("[".repeat(100_000)))
        assertTrue(refused("1".repeat(1001)).startsWith("a number of more than 1000 characters"))
        assertThrows(JsonException::class.java) { Json.parse(byteArrayOf('"'.code.toByte(), -1, '"'.code.toByte())) }
    }

    /** What is written is read back the same. */
    @Test
    fun writing() {
        val value =
            linkedMapOf("a\"\\\n\u0001" to listOf(1L, 2.5, 1e-7, null, true, "\ud800 \u2028 é"), "b" to emptyMap<String, Any>())
        assertEquals(value, parse(Json.write(value)))
        for (number in listOf(Double.NaN, Double.POSITIVE_INFINITY)) {
            assertThrows(IllegalArgumentException::class.java) { Json.write(number) }
        }
    }

    /** Values are shown as the documented errors do. */
    @Test
    fun shownValues() {
        val values =
            mapOf(
                null to "None", true to "True", "it's" to "\"it's\"", "'\"" to "'\\'\"'", "a\n\u00a0" to "'a\\n\\xa0'",
                1.0 to "1.0", 1e16 to "1e+16", 1.5e-7 to "1.5e-07", 1e7 to "10000000.0", 0.0001 to "0.0001", 7L to "7",
                listOf("a", 1L) to "['a', 1]", mapOf("a" to null) to "{'a': None}",
            )
        for ((value, expected) in values) assertEquals(expected, shown(value))
        assertEquals("('a', 1)", shown(listOf("a", 1L), "()"))
    }
}
