package org.edgernn.bundle

/** Bytes that are no Protocol Buffers message, or none that is read here. */
internal class ProtoException(message: String) : Exception(message)

/** How many more fields may be read; shared by all messages of one file. */
internal class Budget(private var fields: Int) {
    fun spend() {
        if (--fields < 0) throw ProtoException("more fields than any model of this kind needs")
    }
}

/**
 * Goes through the fields of one message in the order of the bytes, without copying.
 *
 * The format is that of https://protobuf.dev/programming-guides/encoding/. The input may be hostile:
 * every length is checked against what is there, numbers have one spelling, groups are refused.
 */
internal class ProtoReader(
    private val bytes: ByteArray,
    start: Int,
    private val end: Int,
    private val budget: Budget,
) {
    private var at = start

    /** The field's number. */
    var number = 0
        private set

    /** Where the field begins. */
    var fieldStart = start
        private set

    private var type = 0
    private var value = 0L
    private var valueStart = start

    /** Where the field ends. */
    val fieldEnd: Int
        get() = at

    /** Goes to the next field; false behind the last. */
    fun next(): Boolean {
        if (at >= end) return false
        budget.spend()
        fieldStart = at
        val tag = varint()
        val place = tag ushr 3
        if (place !in 1..MAX_NUMBER) throw ProtoException("field number $place at byte $fieldStart")
        number = place.toInt()
        type = (tag and 7).toInt()
        if (type == VARINT) {
            value = varint()
            return true
        }
        val length =
            when (type) {
                FIXED64 -> 8L
                BYTES -> varint()
                FIXED32 -> 4L
                else -> throw ProtoException("wire type $type at byte $fieldStart")
            }
        // As an unsigned number: a length of more than 63 bits is negative here.
        if (length < 0 || length > end - at) throw ProtoException("field $number at byte $fieldStart is cut off")
        valueStart = at
        at += length.toInt()
        return true
    }

    /** The value of an integer field, in two's complement. */
    val integer: Long
        get() = if (type == VARINT) value else throw ProtoException("field $number is not an integer")

    /** Which bytes are the value of a length-delimited field. */
    val range: IntRange
        get() =
            if (type == BYTES) valueStart until at else throw ProtoException("field $number is not length-delimited")

    /** A reader of the message that is this field's value. */
    fun message(): ProtoReader = range.let { ProtoReader(bytes, it.first, it.last + 1, budget) }

    /** The value of a string field. */
    fun text(): String {
        val range = range
        return try {
            decodeUtf8(bytes, range.first, range.last + 1 - range.first)
        } catch (_: Utf8Exception) {
            throw ProtoException("field $number is not UTF-8 text")
        }
    }

    private fun varint(): Long {
        val start = at
        var found = 0L
        for (index in 0 until MAX_VARINT) {
            if (at >= end) throw ProtoException("cut off inside a number at byte $start")
            val byte = bytes[at++].toInt()
            found = found or ((byte and 0x7F).toLong() shl 7 * index)
            if (byte >= 0) {
                if (byte == 0 && index > 0) throw ProtoException("overlong number at byte $start")
                if (index == MAX_VARINT - 1 && byte > 1) break
                return found
            }
        }
        throw ProtoException("number of more than 64 bits at byte $start")
    }

    private companion object {
        const val VARINT = 0
        const val FIXED64 = 1
        const val BYTES = 2
        const val FIXED32 = 5
        const val MAX_VARINT = 10
        const val MAX_NUMBER = (1L shl 29) - 1
    }
}
