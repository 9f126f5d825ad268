package org.edgernn.bundle

/** Bytes that are no flatbuffer of the expected kind. */
internal class FlatException(message: String) : Exception(message)

/**
 * A flatbuffer in memory (https://flatbuffers.dev/internals/), and how much of it may still be read.
 *
 * Its offsets may point anywhere, also many times at the same place. So every access is checked
 * against the end of it, and all accesses together are charged against an allowance.
 *
 * @property end where it ends.
 */
internal class FlatBuffer(private val bytes: ByteArray, val end: Int) {
    private var work = MAX_WORK

    /** Opens the root table. */
    fun root(): FlatTable = FlatTable(this, follow(0))

    /**
     * Reads a little-endian integer of 1, 2, 4 or 8 bytes.
     *
     * @param kind the letter of Python's `struct`: b, h, i and q are signed, B, H and I not.
     */
    fun scalar(position: Int, kind: Char): Long {
        val size = bytesOf(kind)
        if (position < 0 || position > end - size) throw FlatException("byte $position is outside the file")
        if (kind == 'q') return scalar(position, 'I') or (scalar(position + 4, 'I') shl 32)
        val value = littleEndian(bytes, position, size)
        return when (kind) {
            'b' -> value.toByte().toLong()
            'h' -> value.toShort().toLong()
            'i' -> value.toLong()
            else -> value.toLong() and 0xFFFF_FFFFL
        }
    }

    /** Returns where the forward offset at [position] points. */
    fun follow(position: Int): Int {
        val target = position + scalar(position, 'I')
        if (target >= end) throw FlatException("the offset at byte $position points outside the file")
        return target.toInt()
    }

    /** Copies bytes that are known to lie inside. */
    fun copy(start: Int, size: Int): ByteArray = bytes.copyOfRange(start, start + size)

    /** Takes [amount] bytes off the allowance. */
    fun charge(amount: Long) {
        if (amount > work) throw FlatException("more structure than any model of this kind needs")
        work -= amount.toInt()
    }

    companion object {
        /** Bytes of strings, vectors and tables; a structure has a few hundred for each operator. */
        private const val MAX_WORK = 2 shl 20

        /** Bytes of an integer. */
        fun bytesOf(kind: Char): Int =
            when (kind) {
                'b', 'B' -> 1
                'h', 'H' -> 2
                'i', 'I' -> 4
                else -> 8
            }
    }
}

/** One table of a flatbuffer, for reading. Fields are named by their place in the schema. */
internal class FlatTable(val buffer: FlatBuffer, private val position: Int) {
    private val fields: Int
    private val fieldsSize: Int
    private val size: Int

    init {
        buffer.charge(WORK)
        val list = position - buffer.scalar(position, 'i')
        if (list < 0 || list > buffer.end) throw FlatException("byte $list is outside the file")
        fields = list.toInt()
        fieldsSize = buffer.scalar(fields, 'H').toInt()
        size = buffer.scalar(fields + 2, 'H').toInt()
        if (fieldsSize < 4 || fieldsSize % 2 != 0 || fieldsSize > buffer.end - fields) {
            throw FlatException("the table at byte $position has a broken list of fields")
        }
        if (size < 4 || size > buffer.end - position) {
            throw FlatException("the table at byte $position is cut off")
        }
    }

    /** Tells whether a field, whose inline value has [valueSize] bytes, is there. */
    fun has(field: Int, valueSize: Int = 4): Boolean = place(field, valueSize) != null

    /** Tells whether a field besides the first [count] of the schema is there. */
    fun hasMoreThan(count: Int): Boolean {
        val last = (fieldsSize - 4) / 2
        // Many tables may share one long list of absent fields.
        buffer.charge(2L * maxOf(0, last - count))
        return (count until last).any { has(it, 1) }
    }

    /** Reads an integer; 0 where it is absent. */
    fun integer(field: Int, kind: Char): Long =
        place(field, FlatBuffer.bytesOf(kind))?.let { buffer.scalar(it, kind) } ?: 0

    /** Reads a vector of integers; empty where it is absent. */
    fun integers(field: Int, kind: Char): List<Long> {
        val width = FlatBuffer.bytesOf(kind)
        val (start, count) = span(field, width)
        buffer.charge(count.toLong() * width)
        return List(count) { buffer.scalar(start + it * width, kind) }
    }

    /** Reads a vector of int32; empty where it is absent. */
    fun int32s(field: Int): List<Int> = integers(field, 'i').map { it.toInt() }

    /** Reads a string; null where it is absent. */
    fun text(field: Int): String? {
        if (!has(field)) return null
        val (start, count) = span(field, 1)
        buffer.charge(count.toLong())
        try {
            return decodeUtf8(buffer.copy(start, count))
        } catch (_: Utf8Exception) {
            throw FlatException("the string at byte $start is not UTF-8 text")
        }
    }

    /** Opens the table that a field points to; null where it is absent. */
    fun table(field: Int): FlatTable? = place(field, 4)?.let { FlatTable(buffer, buffer.follow(it)) }

    /** Opens a vector of tables; empty where it is absent. */
    fun tables(field: Int): List<FlatTable> {
        val (start, count) = span(field, 4)
        val found = ArrayList<FlatTable>()
        for (i in 0 until count) found += FlatTable(buffer, buffer.follow(start + 4 * i))
        return found
    }

    /** Returns where a vector's elements of [width] bytes begin, and their number; 0 and 0 without one. */
    fun span(field: Int, width: Int): Pair<Int, Int> {
        val start = place(field, 4)?.let { buffer.follow(it) } ?: return 0 to 0
        val count = buffer.scalar(start, 'I')
        if (count * width > buffer.end - start - 4) throw FlatException("the vector at byte $start is cut off")
        return start + 4 to count.toInt()
    }

    private fun place(field: Int, valueSize: Int): Int? {
        val entry = 4 + 2 * field
        if (entry + 2 > fieldsSize) return null
        val offset = buffer.scalar(fields + entry, 'H').toInt()
        if (offset == 0) return null
        if (offset < 4 || offset + valueSize > size) {
            throw FlatException("field $field of the table at byte $position is outside it")
        }
        return position + offset
    }

    private companion object {
        const val WORK = 32L
    }
}

/** Reads an unsigned integer of up to four bytes; four with the highest bit set are negative. */
internal fun littleEndian(bytes: ByteArray, position: Int, size: Int): Int {
    var value = 0
    for (i in 0 until size) value = value or (bytes[position + i].toInt() and 0xFF shl 8 * i)
    return value
}
