package org.edgernn

import org.edgernn.bundle.sha256
import org.edgernn.text.Ids
import org.edgernn.text.Normalizer
import org.edgernn.text.SubwordTokenizer
import org.edgernn.text.Tokenizer
import org.edgernn.text.WordIndex
import org.edgernn.text.WordTokenizer
import org.edgernn.text.isBlank
import org.edgernn.text.readSubwords

/**
 * Text to ids by a contract and its vocabulary. Safe to call from several threads.
 *
 * @property contract the rules.
 */
public class TextEncoder private constructor(
    public val contract: TextContract,
    unicode: Unicode,
    private val tokenizer: Tokenizer,
) {
    private val normalizer = Normalizer(contract, unicode)

    /**
     * Returns the ids of [text], cut and padded: at least one, at most [TextContract.maxLength].
     *
     * @throws TextException the text is empty, or no token is left of it.
     */
    @Throws(TextException::class)
    public fun encode(text: String): IntArray {
        if (isBlank(text)) throw TextException("the text is empty", TextException.Reason.EMPTY)
        val ids = ids(text)
        if (ids.isEmpty()) throw TextException("no token is left of the text", TextException.Reason.NO_TOKENS)
        return ids
    }

    /** Returns how many tokens a text has before it is cut or padded: more than [TextContract.maxLength] are not read. */
    public fun tokenCount(text: String): Int = allIds(text).size

    /** Returns the ids of any text, none where no token is left. */
    internal fun ids(text: String): IntArray {
        val found = allIds(text)
        val count = minOf(found.size, contract.maxLength)
        val first = if (contract.cutsEnd) 0 else found.size - count
        val kept = found.slice(first, first + count)
        if (count == 0 || contract.padding == "none") return kept
        val padded = IntArray(contract.maxLength) { contract.paddingId }
        kept.copyInto(padded, if (contract.padding == "start") contract.maxLength - count else 0)
        return padded
    }

    private fun allIds(text: String): Ids {
        val found = Ids()
        if (contract.startId != null) found.add(contract.startId)
        tokenizer.encode(normalizer.normalize(text), found)
        return found
    }

    internal companion object {
        private const val DIGITS_SHOWN = 12
        private const val MOST_SUBWORDS = 1 shl 16
        private const val MOST_WORDS = 1 shl 19

        /**
         * Joins a contract with its vocabulary file.
         *
         * @throws ModelException the vocabulary is another one, malformed, or larger than any in use.
         */
        fun read(contract: TextContract, vocabulary: ByteArray, unicode: Unicode): TextEncoder {
            checkSize(contract, vocabulary)
            val name = contract.vocabularyFile
            val digest = sha256(vocabulary)
            if (digest != contract.vocabularySha256) {
                throw ModelException(
                    "vocabulary $name: SHA-256 is ${digest.take(DIGITS_SHOWN)}…, the contract says " +
                        "${contract.vocabularySha256.take(DIGITS_SHOWN)}…: the file was altered",
                )
            }
            val tokenizer =
                if (contract.hasSubwords) {
                    SubwordTokenizer(readSubwords(vocabulary, name), unicode)
                } else {
                    WordTokenizer(contract, WordIndex.read(vocabulary, name))
                }
            if (tokenizer.size != contract.vocabularySize) {
                throw ModelException(
                    "vocabulary $name has ${tokenizer.size} ids, the contract says ${contract.vocabularySize}",
                )
            }
            return TextEncoder(contract, unicode, tokenizer)
        }

        /** Refuses a vocabulary that is larger than any in use before it is taken apart. */
        private fun checkSize(contract: TextContract, vocabulary: ByteArray) {
            val most = if (contract.hasSubwords) MOST_SUBWORDS else MOST_WORDS
            val tokenizer = if (contract.hasSubwords) "subwords" else "words"
            if (contract.vocabularySize > most) {
                throw ModelException(
                    "text contract: vocabulary_size ${contract.vocabularySize} is over $most, the " +
                        "most that tokenizer '$tokenizer' is read with",
                )
            }
            // A subword file has two lines more than subwords, a word file has as many as words.
            val lines = vocabulary.count { it == '\n'.code.toByte() }
            if (lines > contract.vocabularySize + 2) {
                throw ModelException(
                    "vocabulary ${contract.vocabularyFile} has $lines lines, the contract says " +
                        "${contract.vocabularySize} ids",
                )
            }
        }
    }
}
