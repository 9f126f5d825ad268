package org.edgernn.bundle

/** Bytes that are no flatbuffer of the expected kind. */
internal class FlatException(message: String) : Exception(message)

/**
 * One table of a flatbuffer, for reading (https://flatbuffers.dev/internals/).
 *
 * A flatbuffer's offsets may point anywhere, so every access is checked against the end of it.
 * Fields are named by their place in the schema.
 */
internal class FlatTable private constructor(
    private val bytes: ByteArray,
    private val end: Int,
    private val position: Int,
) {
    private val fields = position - int32(bytes, end, position)
    private val fieldsSize = uint16(bytes, end, fields)
    private val size = uint16(bytes, end, fields + 2)

    init {
        if (fieldsSize < 4 || fieldsSize % 2 != 0 || fieldsSize > end - fields) {
            throw FlatException("the table at byte $position has a broken list of fields")
        }
        if (size < 4 || size > end - position) throw FlatException("the table at byte $position is cut off")
    }

    /** Reads an integer of one byte; 0 where it is absent. */
    fun int8(field: Int): Int = place(field, 1)?.let { bytes[it].toInt() } ?: 0

    /** Reads an integer of four bytes; 0 where it is absent. */
    fun int32(field: Int): Int = place(field, 4)?.let { int32(bytes, end, it) } ?: 0

    /** Reads a vector of integers of four bytes; empty where it is absent. */
    fun int32s(field: Int): List<Int> = elements(field).map { int32(bytes, end, it) }

    /** Reads a vector of tables; empty where it is absent. */
    fun tables(field: Int): List<FlatTable> = elements(field).map { FlatTable(bytes, end, follow(bytes, end, it)) }

    /** Returns how many elements a vector of four bytes each has; 0 where it is absent. */
    fun count(field: Int): Int = elements(field).size

    /** Where the elements of a vector of four bytes each stand. */
    private fun elements(field: Int): List<Int> {
        val start = place(field, 4)?.let { follow(bytes, end, it) } ?: return emptyList()
        val count = int32(bytes, end, start)
        if (count < 0 || count > MAX_ELEMENTS || 4 * count > end - start - 4) {
            throw FlatException("the vector at byte $start is cut off or too long")
        }
        return List(count) { start + 4 + 4 * it }
    }

    private fun place(field: Int, valueSize: Int): Int? {
        val entry = 4 + 2 * field
        if (entry + 2 > fieldsSize) return null
        val offset = uint16(bytes, end, fields + entry)
        if (offset == 0) return null
        if (offset < 4 || offset + valueSize > size) {
            throw FlatException("field $field of the table at byte $position is outside it")
        }
        return position + offset
    }

    companion object {
        private const val MAX_ELEMENTS = 1 shl 16

        /**
         * Opens the root table.
         *
         * @param end where the flatbuffer ends.
         * @throws FlatException it lies outside.
         */
        fun root(bytes: ByteArray, end: Int): FlatTable = FlatTable(bytes, end, follow(bytes, end, 0))

        private fun follow(bytes: ByteArray, end: Int, position: Int): Int {
            val target = position + (int32(bytes, end, position).toLong() and 0xFFFF_FFFFL)
            if (target >= end) throw FlatException("the offset at byte $position points outside the file")
            return target.toInt()
        }

        private fun int32(bytes: ByteArray, end: Int, position: Int): Int =
            uint16(bytes, end, position) or (uint16(bytes, end, position + 2) shl 16)

        private fun uint16(bytes: ByteArray, end: Int, position: Int): Int {
            if (position < 0 || position > end - 2) throw FlatException("byte $position is outside the file")
            return littleEndian(bytes, position, 2)
        }
    }
}

/** Reads an unsigned integer of up to four bytes; four with the highest bit set are negative. */
internal fun littleEndian(bytes: ByteArray, position: Int, size: Int): Int {
    var value = 0
    for (i in 0 until size) value = value or (bytes[position + i].toInt() and 0xFF shl 8 * i)
    return value
}
