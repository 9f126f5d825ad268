package org.edgernn.text

import java.util.BitSet
import org.edgernn.TextContract
import org.edgernn.bundle.forEachCodePoint

private const val ZERO_WIDTH_JOINER = '\u200D'
private const val AS_TEXT = '\uFE0E'
private const val AS_PICTURE = '\uFE0F'

/** Finds the words of a normalized text. */
internal class WordCutter(contract: TextContract) {
    private val symbols = contract.symbolsAreWords
    private val unspaced = contract.unspacedScripts != "keep"
    private val pairs = contract.unspacedScripts == "bigrams"
    private val letters = contract.hasLetters

    /** Code points that end a word, or where [inverted] all that do not. */
    private val listed = BitSet()
    private val inverted = contract.separators.isEmpty()

    init {
        forEachCodePoint(contract.separators + contract.wordCharacters) { listed.set(it) }
        listed.set(' '.code, !inverted)
    }

    /** Returns [text] as [forEachWord] reads it. */
    fun prepared(text: String): String =
        if (symbols && text.any { isVariation(it) }) text.filterNot { isVariation(it) } else text

    /** Calls [word] with the start and the end of each word of a [prepared] text, in order. */
    fun forEachWord(text: String, word: (Int, Int) -> Unit) {
        var at = 0
        while (at < text.length) {
            val codePoint = text.codePointAt(at)
            val start = at
            when {
                symbols && codePoint in CodePoints.SYMBOLS -> {
                    at = endOfSymbol(text, at)
                    word(start, at)
                }
                unspaced && codePoint in CodePoints.UNSPACED -> at = units(text, at, word)
                isOther(codePoint) -> {
                    at = endOfOthers(text, at)
                    word(start, at)
                }
                else -> at += Character.charCount(codePoint)
            }
        }
    }

    private fun endOfOthers(text: String, start: Int): Int {
        var at = start
        while (at < text.length) {
            val codePoint = text.codePointAt(at)
            if (!isOther(codePoint)) return at
            if (symbols && codePoint in CodePoints.SYMBOLS) return at
            if (unspaced && codePoint in CodePoints.UNSPACED) return at
            at += Character.charCount(codePoint)
        }
        return at
    }

    private fun isOther(codePoint: Int): Boolean =
        listed[codePoint] == inverted || letters && codePoint in CodePoints.LETTERS

    private fun endOfSymbol(text: String, start: Int): Int {
        val first = text.codePointAt(start)
        var at = start + Character.charCount(first)
        if (first in CodePoints.REGIONAL && at < text.length) {
            val second = text.codePointAt(at)
            if (second in CodePoints.REGIONAL) return at + Character.charCount(second)
        }
        while (true) {
            at = endOf(CodePoints.MODIFIERS, text, at)
            if (at + 1 >= text.length || text[at] != ZERO_WIDTH_JOINER) return at
            val next = text.codePointAt(at + 1)
            if (next !in CodePoints.SYMBOLS) return at
            at += 1 + Character.charCount(next)
        }
    }

    /** Cuts the run of unspaced scripts that begins at [start] into words; returns its end. */
    private fun units(text: String, start: Int, word: (Int, Int) -> Unit): Int {
        var before = -1
        var count = 0
        var at = start
        while (at < text.length) {
            val codePoint = text.codePointAt(at)
            if (codePoint !in CodePoints.UNSPACED) break
            val unit = at
            at = endOf(CodePoints.UNSPACED_MARKS, text, at + Character.charCount(codePoint))
            if (!pairs) word(unit, at) else if (before >= 0) word(before, at)
            before = unit
            count++
        }
        if (pairs && count == 1) word(start, at)
        return at
    }

    private fun endOf(set: CodePointSet, text: String, start: Int): Int {
        var at = start
        while (at < text.length) {
            val codePoint = text.codePointAt(at)
            if (codePoint !in set) return at
            at += Character.charCount(codePoint)
        }
        return at
    }

    private fun isVariation(unit: Char): Boolean = unit == AS_TEXT || unit == AS_PICTURE
}
