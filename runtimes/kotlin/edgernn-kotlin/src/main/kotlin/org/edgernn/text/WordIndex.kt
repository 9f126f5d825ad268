package org.edgernn.text

import kotlin.random.Random
import org.edgernn.ModelException

/**
 * Finds words by their place in a list.
 *
 * A map of strings takes a hundred bytes a word beside the word itself, and a string for each word that is
 * looked up; this takes 10 to 20 and none. Its hash begins with a number by chance, so that nobody can make a
 * vocabulary whose words all meet in one place.
 *
 * @param text the words, each with a character behind it that belongs to none.
 * @param starts where each begins, and behind them the length of [text]; none is empty.
 */
internal class WordIndex(private val text: String, private val starts: IntArray) {
    private val seed = Random.nextInt()

    /** Places of words plus 1 by their hash, the next free one where that is taken; 0: none. */
    private val table = IntArray(tableSize(size))

    /** The place of a word that is there twice, its second one; -1 where all are different. */
    val secondOfTwo: Int

    /** How many words there are. */
    val size: Int
        get() = starts.size - 1

    init {
        var twice = -1
        for (word in 0 until size) {
            val at = slot(text, starts[word], starts[word + 1] - 1)
            if (table[at] == 0) table[at] = word + 1 else if (twice < 0) twice = word
        }
        secondOfTwo = twice
    }

    /** Returns the place of the word that stands in [from] at [start] to before [end]; -1 where it is none. */
    fun find(from: String, start: Int, end: Int): Int = table[slot(from, start, end)] - 1

    /** Returns where in the table a word is, or would be. */
    private fun slot(from: String, start: Int, end: Int): Int {
        var hash = seed
        for (at in start until end) {
            hash = (hash xor from[at].code) * MULTIPLIER
            hash = hash xor (hash ushr SHIFT)
        }
        val last = table.size - 1
        var at = hash and last
        while (table[at] != 0 && !isWord(table[at] - 1, from, start, end)) at = at + 1 and last
        return at
    }

    private fun isWord(word: Int, from: String, start: Int, end: Int): Boolean {
        val length = end - start
        return starts[word + 1] - 1 - starts[word] == length &&
            from.regionMatches(start, text, starts[word], length)
    }

    companion object {
        private const val MULTIPLIER = -1640531535 // 2^32 over the golden ratio, odd
        private const val SHIFT = 15

        /** A third of it stays free. */
        private fun tableSize(words: Int): Int = maxOf(Integer.highestOneBit(words + words / 2) * 2, 2)

        /** Makes an index of words of a list. */
        fun of(words: List<String>): WordIndex {
            val starts = IntArray(words.size + 1)
            words.forEachIndexed { word, one -> starts[word + 1] = starts[word] + one.length + 1 }
            return WordIndex(words.joinToString("") { "$it\n" }, starts)
        }

        /**
         * Makes one of a vocabulary of words: one a line, none empty, none twice.
         *
         * @param name what errors call it.
         * @throws ModelException it is malformed.
         */
        fun read(data: ByteArray, name: String): WordIndex {
            val text = vocabularyText(data, name)
            if (text.isNotEmpty() && !text.endsWith('\n')) throw cutShort(name)
            val starts = IntArray(text.count { it == '\n' } + 1)
            for (word in 0 until starts.size - 1) {
                val start = starts[word]
                val end = text.indexOf('\n', start)
                if (start == end || Character.codePointCount(text, start, end) > MAX_WORD) {
                    throw ModelException("$name, line ${word + 1}: a word has 1 to $MAX_WORD characters")
                }
                starts[word + 1] = end + 1
            }
            val index = WordIndex(text, starts)
            val twice = index.secondOfTwo
            if (twice >= 0) {
                val first = index.find(text, starts[twice], starts[twice + 1] - 1)
                throw ModelException("$name, line ${twice + 1}: the word of line ${first + 1} again")
            }
            return index
        }
    }
}
