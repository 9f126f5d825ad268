package org.edgernn.text

import org.edgernn.TextContract

/** Tokenizer `words`: find the words, drop stop words, look up. */
internal class WordTokenizer(contract: TextContract, words: List<String>) : Tokenizer {
    override val size: Int = contract.firstWordId + words.size

    private val unknown = contract.unknownId ?: NONE
    private val ids = HashMap<String, Int>(2 * (words.size + contract.stopWords.size))
    private val cutter = WordCutter(contract)

    init {
        words.forEachIndexed { i, word -> ids[word] = contract.firstWordId + i }
        for (word in contract.stopWords) ids[word] = NONE
    }

    override fun encode(text: String, into: Ids) {
        val prepared = cutter.prepared(text)
        cutter.forEachWord(prepared) { start, end -> add(prepared, start, end, into) }
    }

    private fun add(text: String, start: Int, end: Int, into: Ids) {
        val id = ids[text.substring(start, end)] ?: unknown
        if (id != NONE) into.add(id)
    }

    private companion object {
        /** Instead of an id: the word is left out. */
        const val NONE = -1
    }
}
