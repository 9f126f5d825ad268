package org.edgernn.text

import java.util.BitSet

/**
 * Finds the longest of many strings that begins at a place of a text.
 *
 * Of the strings in order, those that begin a text all stand before it, and each begins the next
 * longer one. So it takes a binary search for the last one before the text, and then steps from it to
 * the strings that it begins with. Memory is of the order of the strings, however they are made.
 *
 * @param strings none empty, none twice.
 */
internal class PrefixIndex(strings: Collection<String>) {
    private val sorted = strings.sorted()
    private val firstUnits = BitSet()

    /** For each string the place of the longest other one that it begins with; -1: there is none. */
    private val shorter = IntArray(sorted.size)

    init {
        for ((i, string) in sorted.withIndex()) {
            firstUnits.set(string[0].code)
            var candidate = i - 1
            while (candidate >= 0 && !string.startsWith(sorted[candidate])) candidate = shorter[candidate]
            shorter[i] = candidate
        }
    }

    /** Returns the string at a place that [longestAt] gave. */
    operator fun get(place: Int): String = sorted[place]

    /**
     * Returns the place of the longest string with which [text] goes on at [at], not beyond [end];
     * -1 where there is none.
     */
    fun longestAt(text: CharSequence, at: Int, end: Int): Int {
        if (!firstUnits[text[at].code]) return -1
        var low = 0
        var high = sorted.size
        var common = 0
        while (low < high) {
            val middle = (low + high) ushr 1
            val string = sorted[middle]
            val same = common(string, text, at, end)
            val isBefore =
                when {
                    same == string.length -> true
                    at + same == end -> false
                    else -> string[same] < text[at + same]
                }
            if (isBefore) {
                low = middle + 1
                common = same
            } else {
                high = middle
            }
        }
        // `common` is what the last string before the text shares with it.
        var place = low - 1
        while (place >= 0 && sorted[place].length > common) place = shorter[place]
        return place
    }

    private fun common(string: String, text: CharSequence, at: Int, end: Int): Int {
        val most = minOf(string.length, end - at)
        var same = 0
        while (same < most && string[same] == text[at + same]) same++
        return same
    }
}
