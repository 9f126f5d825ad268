package org.edgernn.text

import org.edgernn.Unicode
import org.edgernn.bundle.forEachCodePoint

/** Tokenizer `subwords`: the ids of TensorFlow Datasets' `SubwordTextEncoder`. */
internal class SubwordTokenizer(subwords: List<String>, private val unicode: Unicode) : Tokenizer {
    override val size: Int = subwords.size + 1 + BYTES

    private val firstByteId = subwords.size + 1
    private val isAsciiWord = BooleanArray(ASCII) { unicode.isWordCharacter(it) }
    private val pieces: PrefixIndex
    private val pieceIds: IntArray
    private val reserved: PrefixIndex

    init {
        val ids = HashMap<String, Int>(2 * subwords.size)
        subwords.forEachIndexed { i, subword -> ids[subword] = i + 1 }
        ids[ESCAPE] = firstByteId + '_'.code
        pieces = PrefixIndex(ids.keys)
        pieceIds = IntArray(ids.size) { ids.getValue(pieces[it]) }
        reserved = PrefixIndex(ids.keys.filter { isMixed(it) })
    }

    override fun encode(text: String, into: Ids) {
        val bounds = split(text)
        val prepared = StringBuilder()
        var i = 0
        while (i + 1 < bounds.size) {
            val start = bounds[i]
            val end = bounds[i + 1]
            val space = i + 2 < bounds.size && bounds[i + 2] - end == 1 && text[end] == ' '
            prepared.setLength(0)
            if (end - start == ESCAPE.length && text.startsWith(ESCAPE, start)) {
                cut("\\&", into)
                prepared.append("undsc")
            } else {
                for (at in start until end) {
                    if (text[at] == '_') prepared.append(ESCAPE) else prepared.append(text[at])
                }
                if (space) i++
            }
            if (space) prepared.append('_')
            cut(prepared, into)
            i++
        }
    }

    /** Returns where tokens begin: reserved strings, runs of word characters, runs of others. */
    private fun split(text: String): IntArray {
        val bounds = Ids()
        bounds.add(0)
        var begun = 0
        var at = 0
        var wasWord = false
        while (at < text.length) {
            val place = reserved.longestAt(text, at, text.length)
            if (place >= 0) {
                if (at > begun) bounds.add(at)
                at += reserved[place].length
                begun = at
                bounds.add(at)
                continue
            }
            val codePoint = text.codePointAt(at)
            val word = isWord(codePoint)
            if (at > begun && word != wasWord) {
                bounds.add(at)
                begun = at
            }
            wasWord = word
            at += Character.charCount(codePoint)
        }
        if (at > begun) bounds.add(at)
        return bounds.slice(0, bounds.size)
    }

    /** Cuts a prepared token into the longest pieces. */
    private fun cut(token: CharSequence, into: Ids) {
        var at = 0
        while (at < token.length) {
            val place = pieces.longestAt(token, at, token.length)
            if (place >= 0) {
                into.add(pieceIds[place])
                at += pieces[place].length
            } else {
                val codePoint = Character.codePointAt(token, at)
                // An underscore that no piece took stands for a space.
                addBytes(if (codePoint == '_'.code) ' '.code else codePoint, into)
                at += Character.charCount(codePoint)
            }
        }
    }

    /** Adds the ids of a code point's bytes in UTF-8. */
    private fun addBytes(codePoint: Int, into: Ids) {
        when {
            codePoint < 0x80 -> into.add(firstByteId + codePoint)
            codePoint < 0x800 -> {
                into.add(firstByteId + (0xC0 or (codePoint shr 6)))
                addTail(codePoint, into)
            }
            codePoint < 0x10000 -> {
                into.add(firstByteId + (0xE0 or (codePoint shr 12)))
                addTail(codePoint shr 6, into)
                addTail(codePoint, into)
            }
            else -> {
                into.add(firstByteId + (0xF0 or (codePoint shr 18)))
                addTail(codePoint shr 12, into)
                addTail(codePoint shr 6, into)
                addTail(codePoint, into)
            }
        }
    }

    private fun addTail(bits: Int, into: Ids) = into.add(firstByteId + (0x80 or (bits and 0x3F)))

    private fun isMixed(string: String): Boolean {
        var hasWord = false
        var hasOther = false
        forEachCodePoint(string) { if (isWord(it)) hasWord = true else hasOther = true }
        return hasWord && hasOther
    }

    private fun isWord(codePoint: Int): Boolean =
        if (codePoint < ASCII) isAsciiWord[codePoint] else unicode.isWordCharacter(codePoint)

    private companion object {
        const val ESCAPE = "\\&undsc"
        const val BYTES = 256
        const val ASCII = 128
    }
}
