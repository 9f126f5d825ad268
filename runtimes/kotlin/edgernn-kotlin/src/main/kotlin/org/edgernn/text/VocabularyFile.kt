package org.edgernn.text

import org.edgernn.ModelException
import org.edgernn.bundle.Utf8Exception
import org.edgernn.bundle.decodeUtf8

private const val HEADER = "### SubwordTextEncoder"
private const val METADATA = "### Metadata: "
private const val MAX_WORD = 1 shl 12

/**
 * Reads a vocabulary of words: one a line, none empty, none twice.
 *
 * @param name what errors call it.
 * @throws ModelException it is malformed.
 */
internal fun readWords(data: ByteArray, name: String): List<String> {
    val words = lines(data, name)
    if (words.last().isNotEmpty()) throw cutShort(name)
    val firstLine = HashMap<String, Int>()
    for ((i, word) in words.dropLast(1).withIndex()) {
        if (word.isEmpty() || word.codePointCount(0, word.length) > MAX_WORD) {
            throw ModelException("$name, line ${i + 1}: a word has 1 to $MAX_WORD characters")
        }
        val first = firstLine.put(word, i + 1)
        if (first != null) throw ModelException("$name, line ${i + 1}: the word of line $first again")
    }
    return words.dropLast(1)
}

/**
 * Reads a vocabulary of subwords, in the format of TensorFlow Datasets' `SubwordTextEncoder`.
 *
 * @param name what errors call it.
 * @throws ModelException it is malformed.
 */
internal fun readSubwords(data: ByteArray, name: String): List<String> {
    val lines = lines(data, name)
    if (lines[0] != HEADER || lines.size < 2 || !lines[1].startsWith(METADATA)) {
        throw ModelException("$name: not a SubwordTextEncoder file: line 1 must be '$HEADER'")
    }
    if (lines.last().isNotEmpty()) throw cutShort(name)
    val subwords = ArrayList<String>(lines.size)
    for (i in 2 until lines.size - 1) {
        val line = lines[i]
        if (line.length < 2 || line.first() != '\'' || line.last() != '\'') {
            throw ModelException("$name, line ${i + 1}: a subword must be in single quotes")
        }
        if (line.length > 2) subwords += line.substring(1, line.length - 1)
    }
    return subwords
}

private fun lines(data: ByteArray, name: String): List<String> =
    try {
        decodeUtf8(data).split('\n')
    } catch (error: Utf8Exception) {
        val number = (0 until error.position).count { data[it] == '\n'.code.toByte() } + 1
        throw ModelException("$name, line $number: not UTF-8")
    }

private fun cutShort(name: String) = ModelException("$name: cut short: the last line has no end")
