package org.edgernn

import java.util.Random
import org.edgernn.text.PrefixIndex
import org.edgernn.text.WordIndex
import org.edgernn.text.isBlank
import org.edgernn.text.wellFormed
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** The text code beyond the corpus: any string of UTF-16, hostile vocabularies, speed. */
class TextTest {
    private val encoders: List<TextEncoder> =
        ConformanceTest.kinds().flatMap { Corpus(it).encoders.values }

    /** Any string gives ids of the vocabulary, at most as many as the contract keeps, or a TextException. */
    @Test
    fun randomStrings() {
        val chance = Random(5)
        var scored = 0
        repeat(6000) {
            val text = randomText(chance)
            val encoder = encoders[chance.nextInt(encoders.size)]
            try {
                val ids = encoder.encode(text)
                scored++
                assertTrue(ids.size in 1..encoder.contract.maxLength)
                assertTrue(ids.all { it in 0 until encoder.contract.vocabularySize })
                assertTrue(ids.contentEquals(encoder.encode(wellFormed(text))))
            } catch (error: TextException) {
                assertTrue(error.message == "the text is empty" || error.message == "no token is left of the text")
            }
        }
        assertTrue("$scored", scored > 4000)
    }

    /** Single units, pairs and halves of them, tags, the escape, and pieces of words. */
    private fun randomText(chance: Random): String {
        val pieces = listOf("<br />", "<BR>", "\\&undsc", "_", " ", "  ", "e.g.", "film", "It's", "Σ", "İ", "e\u0301", "\r\n")
        val text = StringBuilder()
        repeat(chance.nextInt(60)) {
            when (chance.nextInt(6)) {
                0 -> text.append(chance.nextInt(0x10000).toChar())
                1 -> text.append((0xD800 + chance.nextInt(0x800)).toChar())
                2 -> text.appendCodePoint(chance.nextInt(0x110000))
                3 -> text.append(chance.nextInt(0x80).toChar())
                else -> text.append(pieces[chance.nextInt(pieces.size)])
            }
        }
        return text.toString()
    }

    /** Blank texts are those of Unicode's white space and of U+001C to U+001F. */
    @Test
    fun blankTexts() {
        val blanks = (0..0xFFFF).filter { isBlank(it.toChar().toString()) }
        val expected =
            (0..0xFFFF).filter { com.ibm.icu.lang.UCharacter.isUWhiteSpace(it) || it in 0x1C..0x1F }
        assertEquals(expected, blanks)
        assertTrue(isBlank("") && isBlank(" \u3000\n") && !isBlank(" \u200b"))
        for (encoder in encoders) {
            val error = assertThrows(TextException::class.java) { encoder.encode(" \u2003\u001c") }
            assertEquals("the text is empty", error.message)
        }
    }

    /** The longest string at a place, compared with trying them all. */
    @Test
    fun prefixIndex() {
        val chance = Random(6)
        repeat(300) {
            val strings = List(1 + chance.nextInt(40)) { letters(chance, 1 + chance.nextInt(6)) }.toSet()
            val index = PrefixIndex(strings)
            val text = letters(chance, 30)
            for (at in text.indices) {
                val end = at + 1 + chance.nextInt(text.length - at)
                val expected = strings.filter { at + it.length <= end && text.startsWith(it, at) }.maxByOrNull { it.length }
                val place = index.longestAt(text, at, end)
                assertEquals(expected, if (place < 0) null else index[place])
            }
        }
        assertEquals(-1, PrefixIndex(emptyList()).longestAt("a", 0, 1))
    }

    /** A word's place, compared with looking at them all; words of any number, next to each other and not. */
    @Test
    fun wordIndex() {
        val chance = Random(7)
        repeat(300) {
            val words = List(chance.nextInt(60)) { letters(chance, 1 + chance.nextInt(4)) }.distinct()
            for (index in listOf(
                WordIndex.of(words),
                WordIndex.read(words.joinToString("") { "$it\n" }.toByteArray(), "v"),
            )) {
                assertEquals(words.size, index.size)
                assertEquals(-1, index.secondOfTwo)
                val text = letters(chance, 30)
                for (start in text.indices) {
                    val end = start + chance.nextInt(text.length - start)
                    assertEquals(words.indexOf(text.substring(start, end)), index.find(text, start, end))
                }
            }
        }
        assertEquals(2, WordIndex.of(listOf("a", "b", "a", "b")).secondOfTwo)
    }

    private fun letters(chance: Random, length: Int) = String(CharArray(length) { "ab\u00e9"[chance.nextInt(3)] })

    /** Vocabulary files that are malformed. */
    @Test
    fun malformedVocabularies() {
        val words =
            mapOf(
                "film" to "v.words: cut short: the last line has no end",
                "film\n\n" to "v.words, line 2: a word has 1 to 4096 characters",
                "a\nb\na\n" to "v.words, line 3: the word of line 1 again",
                "x".repeat(4097) + "\n" to "v.words, line 1: a word has 1 to 4096 characters",
            )
        for ((data, error) in words) {
            assertEquals(error, refusal { WordIndex.read(data.toByteArray(), "v.words") })
        }
        val broken = "a\nb\n".toByteArray() + byteArrayOf(-1, 10)
        assertEquals("v.words, line 3: not UTF-8", refusal { WordIndex.read(broken, "v.words") })
        val header = "### SubwordTextEncoder\n### Metadata: {}\n"
        val subwords =
            mapOf(
                "" to "v: not a SubwordTextEncoder file: line 1 must be '### SubwordTextEncoder'",
                header + "'a'" to "v: cut short: the last line has no end",
                header + "'a'\nb\n" to "v, line 4: a subword must be in single quotes",
                header + "'\n" to "v, line 3: a subword must be in single quotes",
            )
        for ((data, error) in subwords) {
            assertEquals(error, refusal { org.edgernn.text.readSubwords(data.toByteArray(), "v") })
        }
        assertEquals(listOf("'", "a"), org.edgernn.text.readSubwords("$header'''\n''\n'a'\n".toByteArray(), "v"))
    }

    /** Vocabularies larger than any in use are refused before they are taken apart. */
    @Test
    fun hugeVocabularies() {
        val noWordFields =
            mapOf("separators" to "", "stop_words" to emptyList<String>(), "first_word_id" to null)
        for ((tokenizer, most) in listOf("subwords" to 65536, "words" to 524288)) {
            val words = tokenizer == "words"
            val contract =
                TinyModels.attachments(
                    mapOf("tokenizer" to tokenizer, "vocabulary_size" to most + 1, "unknown_id" to null) +
                        if (words) emptyMap() else noWordFields,
                )
            val found = refusal { ModelFile.read(TinyModels.onnx(contract), "f", IcuUnicode) }
            assertEquals(
                "f: text contract: vocabulary_size ${most + 1} is over $most, the most that tokenizer " +
                    "'$tokenizer' is read with",
                found,
            )
        }
        val lines = TinyModels.attachments() + ("vocabulary.words" to "a\n".repeat(100).toByteArray())
        assertEquals(
            "f: vocabulary vocabulary.words has 100 lines, the contract says 8 ids",
            refusal { ModelFile.read(TinyModels.onnx(lines), "f", IcuUnicode) },
        )
    }

    /** A review of 400 tokens becomes ids while a finger is on its way: in less than 2 ms. */
    @Test
    fun speed() {
        val longest = encoders.filter { it.contract.maxLength >= 400 }
        assertTrue(longest.any { it.contract.hasSubwords } && longest.any { !it.contract.hasSubwords })
        for (encoder in longest + Repository.shipped().encoder) {
            val text = org.edgernn.bench.BenchTexts.ofTokens(encoder, 400) ?: continue
            val times = LongArray(600)
            for (i in times.indices) {
                val started = System.nanoTime()
                encoder.encode(text)
                times[i] = System.nanoTime() - started
            }
            val median = times.copyOfRange(200, 600).sorted()[200] / 1e6
            val kind = if (encoder.contract.hasSubwords) "subwords" else "words"
            println("400 tokens, $kind, ${text.length} characters: median ${"%.3f".format(median)} ms")
            assertTrue("$median ms", median < 2)
        }
    }
}
