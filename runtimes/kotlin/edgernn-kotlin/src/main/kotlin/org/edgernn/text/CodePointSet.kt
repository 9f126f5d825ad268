package org.edgernn.text

/**
 * A closed set of code points.
 *
 * @param ranges `0041-005A 00B5`: first and last in hexadecimal, in order.
 */
internal class CodePointSet(ranges: String) {
    private val firsts: IntArray
    private val lasts: IntArray

    init {
        val parts = ranges.split(' ')
        firsts = IntArray(parts.size) { parts[it].substringBefore('-').toInt(HEXADECIMAL) }
        lasts = IntArray(parts.size) { parts[it].substringAfter('-').toInt(HEXADECIMAL) }
    }

    operator fun contains(codePoint: Int): Boolean {
        val at = firsts.binarySearch(codePoint)
        // Of a code point between two first ones: minus the place where it would stand, minus 1.
        return at >= 0 || at < -1 && codePoint <= lasts[-at - 2]
    }

    private companion object {
        const val HEXADECIMAL = 16
    }
}
