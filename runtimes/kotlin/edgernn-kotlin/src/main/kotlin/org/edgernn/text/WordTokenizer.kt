package org.edgernn.text

import java.util.BitSet
import org.edgernn.TextContract
import org.edgernn.bundle.forEachCodePoint

/** Tokenizer `words`: split at characters, drop stop words, look up. */
internal class WordTokenizer(contract: TextContract, words: List<String>) : Tokenizer {
    override val size: Int = contract.firstWordId + words.size

    private val unknown = contract.unknownId ?: NONE
    private val ids = HashMap<String, Int>(2 * (words.size + contract.stopWords.size))

    /** The code points that end a word, or where [inverted] all that do not. */
    private val listed = BitSet()
    private val inverted = contract.wordCharacters.isNotEmpty()

    init {
        words.forEachIndexed { i, word -> ids[word] = contract.firstWordId + i }
        for (word in contract.stopWords) ids[word] = NONE
        forEachCodePoint(contract.separators + contract.wordCharacters) { listed.set(it) }
        listed.set(' '.code, !inverted)
    }

    override fun encode(text: String, into: Ids) {
        var start = 0
        var at = 0
        while (at < text.length) {
            val codePoint = text.codePointAt(at)
            if (listed[codePoint] != inverted) {
                add(text, start, at, into)
                start = at + Character.charCount(codePoint)
            }
            at += Character.charCount(codePoint)
        }
        add(text, start, text.length, into)
    }

    private fun add(text: String, start: Int, end: Int, into: Ids) {
        if (start == end) return
        val id = ids[text.substring(start, end)] ?: unknown
        if (id != NONE) into.add(id)
    }

    private companion object {
        /** Instead of an id: the word is left out. */
        const val NONE = -1
    }
}
