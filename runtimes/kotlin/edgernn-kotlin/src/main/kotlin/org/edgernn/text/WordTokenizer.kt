package org.edgernn.text

import org.edgernn.TextContract

/** Tokenizer `words`: find the words, drop stop words, look up. */
internal class WordTokenizer(contract: TextContract, private val words: WordIndex) : Tokenizer {
    override val size: Int = contract.firstWordId + words.size

    private val first = contract.firstWordId
    private val unknown = contract.unknownId
    private val stopWords = contract.stopWords.takeIf { it.isNotEmpty() }?.let { WordIndex.of(it) }
    private val cutter = WordCutter(contract)

    override fun encode(text: String, into: Ids) {
        val prepared = cutter.prepared(text)
        cutter.forEachWord(prepared) { start, end -> add(prepared, start, end, into) }
    }

    private fun add(text: String, start: Int, end: Int, into: Ids) {
        if (stopWords != null && stopWords.find(text, start, end) >= 0) return
        val place = words.find(text, start, end)
        if (place >= 0) into.add(first + place) else if (unknown != null) into.add(unknown)
    }
}
