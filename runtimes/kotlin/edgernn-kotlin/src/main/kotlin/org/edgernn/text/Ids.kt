package org.edgernn.text

/** A growing list of ids. */
internal class Ids {
    private var ids = IntArray(256)

    /** How many there are. */
    var size = 0
        private set

    /** Puts one behind the others. */
    fun add(id: Int) {
        if (size == ids.size) ids = ids.copyOf(2 * size)
        ids[size++] = id
    }

    /** Returns those from [start] to before [end]. */
    fun slice(start: Int, end: Int): IntArray = ids.copyOfRange(start, end)
}

/** How a normalized text becomes ids by a vocabulary. */
internal interface Tokenizer {
    /** The number of ids. */
    val size: Int

    /** Puts the ids of a normalized text behind those in [into]; there may be none. */
    fun encode(text: String, into: Ids)
}
