package org.edgernn.bundle

import java.util.zip.CRC32
import java.util.zip.DataFormatException
import org.edgernn.ModelException

/** An archive that is not read. */
private class ZipRefused(message: String) : Exception(message)

/**
 * A .tflite file: a flatbuffer, and behind it a ZIP archive (APPNOTE.TXT of PKWARE) of the
 * attachments, whose offsets count from the start of the file.
 */
internal class TfliteFile private constructor(private val bytes: ByteArray) {
    private val attachments = LinkedHashMap<String, ByteArray>()
    private var room = Attachments.MAX_BYTES
    private var graphEnd = bytes.size

    private fun container(): Container {
        val end = bytes.size - END_SIZE
        if (end >= 0 && bytes.startsWith(END_MARK, end) && uint16(end + 20) == 0) {
            try {
                readArchive(end)
            } catch (error: ZipRefused) {
                throw ModelException(
                    "cannot read the attachments at its end (${error.message}); export it again or " +
                        "get a fresh copy",
                )
            }
        }
        val graph = usable { TfliteGraph.read(bytes, graphEnd) }
        val digest = sha256(bytes, listOf(0 until graphEnd))
        return Container(attachments, digest, graph.inputs, graph.outputs, graph.hasStateLoop) {
            usable { TfliteStructure.check(bytes, graphEnd, it) }
        }
    }

    private fun <T> usable(read: () -> T): T =
        try {
            read()
        } catch (error: FlatException) {
            throw ModelException(
                "not a usable TFLite file (${error.message}); export it again or get a fresh copy",
            )
        }

    /** Reads the archive whose end record stands at [end]. */
    private fun readArchive(end: Int) {
        if (bytes.startsWith(ZIP64_MARK, end - ZIP64_SIZE)) throw ZipRefused("ZIP64 archives are not read")
        val entries = uint16(end + 10)
        if (uint16(end + 4) != 0 || uint16(end + 6) != 0 || uint16(end + 8) != entries) {
            throw ZipRefused("archives in several parts are not read")
        }
        if (entries > MAX_FILES) throw ZipRefused("more than $MAX_FILES files")
        val directory = size(end + 16)
        if (directory > end || size(end + 12) != end - directory) throw ZipRefused("its directory is elsewhere")
        graphEnd = directory
        var at = directory
        repeat(entries) { at += readEntry(at, directory, end) }
        if (at != end) throw ZipRefused("bytes behind its directory")
    }

    /** Reads the file that a directory entry at [at] names; returns the entry's size. */
    private fun readEntry(at: Int, directory: Int, end: Int): Int {
        if (at > end - ENTRY_SIZE || !bytes.startsWith(ENTRY_MARK, at)) throw ZipRefused("a broken directory")
        val nameSize = uint16(at + 28)
        val entrySize = ENTRY_SIZE + nameSize + uint16(at + 30) + uint16(at + 32)
        if (entrySize > end - at) throw ZipRefused("a broken directory")
        val name = String(bytes, at + ENTRY_SIZE, nameSize, Charsets.ISO_8859_1)
        if (!Attachments.isName(name)) throw ZipRefused("file name ${shown(name.take(80))} is not allowed")
        if (name in attachments) throw ZipRefused("${shown(name)} appears twice")
        if (uint16(at + 8) and ENCRYPTED != 0) throw ZipRefused("${shown(name)} is encrypted")
        if (uint16(at + 34) != 0) throw ZipRefused("archives in several parts are not read")
        val header = size(at + 42)
        if (header > directory - HEADER_SIZE || !bytes.startsWith(HEADER_MARK, header)) {
            throw ZipRefused("${shown(name)} is not where the directory says")
        }
        val start = header + HEADER_SIZE + uint16(header + 26) + uint16(header + 28)
        val stored = size(at + 20)
        if (start > directory || stored > directory - start) throw ZipRefused("${shown(name)} is cut off")
        // Flags, method, time, CRC-32, both sizes and the name's, as in the directory.
        if ((0 until SAME_SIZE).any { bytes[at + 8 + it] != bytes[header + 6 + it] } ||
            !bytes.startsWith(name, header + HEADER_SIZE)
        ) {
            throw ZipRefused("${shown(name)} is another file than the directory says")
        }
        val content = content(name, uint16(at + 10), start, stored)
        if (content.size != size(at + 24)) throw ZipRefused("${shown(name)} has a different size than it declares")
        val crc = CRC32().apply { update(content) }.value.toInt()
        if (crc != littleEndian(bytes, at + 16, 4)) throw ZipRefused("${shown(name)} is damaged")
        attachments[name] = content
        room -= content.size
        graphEnd = minOf(graphEnd, header)
        return entrySize
    }

    private fun content(name: String, method: Int, start: Int, stored: Int): ByteArray {
        val content =
            when (method) {
                STORED -> if (stored <= room) bytes.copyOfRange(start, start + stored) else null
                DEFLATED ->
                    try {
                        Attachments.inflate(bytes, start, stored, wrapped = false, room)
                    } catch (error: DataFormatException) {
                        throw ZipRefused("${shown(name)} is damaged: ${error.message}")
                    }
                else -> throw ZipRefused("${shown(name)} is compressed in an unknown way")
            }
        return content ?: throw ZipRefused("more than ${Attachments.MAX_BYTES} bytes")
    }

    private fun uint16(at: Int): Int = littleEndian(bytes, at, 2)

    /** An offset or size; what is over 2 GiB becomes more than any file has. */
    private fun size(at: Int): Int = littleEndian(bytes, at, 4).let { if (it < 0) Int.MAX_VALUE else it }

    companion object {
        private const val IDENTIFIER = "TFL3"
        private const val END_MARK = "PK\u0005\u0006"
        private const val END_SIZE = 22
        private const val ENTRY_MARK = "PK\u0001\u0002"
        private const val ENTRY_SIZE = 46
        private const val HEADER_MARK = "PK\u0003\u0004"
        private const val HEADER_SIZE = 30
        private const val ZIP64_MARK = "PK\u0006\u0007"
        private const val ZIP64_SIZE = 20
        private const val SAME_SIZE = 22
        private const val MAX_FILES = 64
        private const val ENCRYPTED = 0x41
        private const val STORED = 0
        private const val DEFLATED = 8

        /** Tells whether bytes say that they are a TFLite flatbuffer. */
        fun isOne(bytes: ByteArray): Boolean = bytes.startsWith(IDENTIFIER, at = 4)

        /**
         * Takes a file apart.
         *
         * @throws ModelException it is broken, reads other files, or its attachments are too many,
         *   too large, encrypted, have names that none may have, or are there twice.
         */
        fun read(bytes: ByteArray): Container = TfliteFile(bytes).container()
    }
}
