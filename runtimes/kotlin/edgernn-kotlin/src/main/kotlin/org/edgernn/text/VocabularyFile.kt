package org.edgernn.text

import org.edgernn.ModelException
import org.edgernn.bundle.Utf8Exception
import org.edgernn.bundle.decodeUtf8

private const val HEADER = "### SubwordTextEncoder"
private const val METADATA = "### Metadata: "

/** Characters of a word. */
internal const val MAX_WORD = 1 shl 12

/**
 * Reads a vocabulary of subwords, in the format of TensorFlow Datasets' `SubwordTextEncoder`.
 *
 * @param name what errors call it.
 * @throws ModelException it is malformed.
 */
internal fun readSubwords(data: ByteArray, name: String): List<String> {
    val lines = vocabularyText(data, name).split('\n')
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

/** Returns a vocabulary's text; whatever is no UTF-8 is refused with its line. */
internal fun vocabularyText(data: ByteArray, name: String): String =
    try {
        decodeUtf8(data)
    } catch (error: Utf8Exception) {
        val number = (0 until error.position).count { data[it] == '\n'.code.toByte() } + 1
        throw ModelException("$name, line $number: not UTF-8")
    }

/** What is wrong with a vocabulary whose end is missing. */
internal fun cutShort(name: String) = ModelException("$name: cut short: the last line has no end")
