package org.edgernn

import java.util.Random
import org.edgernn.TinyModels.entry
import org.edgernn.TinyModels.field
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** Broken and hostile files are refused with a line for people, whatever they hold. */
class HostileFilesTest {
    private val attachments = TinyModels.attachments()

    private fun refused(bytes: ByteArray): String = refusal { ModelFile.read(bytes, "f", IcuUnicode) }

    /** True where a file is refused; any other error than that of a refused file fails the test. */
    private fun isRefused(bytes: ByteArray): Boolean =
        try {
            ModelFile.read(bytes, "f", IcuUnicode)
            false
        } catch (error: ModelException) {
            val message = error.message.orEmpty()
            assertTrue(message, message.startsWith("f: ") && message.length < 1000 && '\n' !in message)
            true
        }

    /** Cut off anywhere, a file is refused. */
    @Test
    fun truncations() {
        for (bytes in listOf(TinyModels.onnx(), TinyModels.tflite())) {
            for (size in bytes.indices) assertTrue("$size", isRefused(bytes.copyOf(size)))
        }
    }

    /** Bits flipped anywhere: refused, or, in what no checksum covers, read as before. */
    @Test
    fun flippedBits() {
        val chance = Random(1)
        var refused = 0
        for (bytes in listOf(TinyModels.onnx(), TinyModels.tflite())) {
            repeat(2000) {
                val changed = bytes.clone()
                repeat(1 + chance.nextInt(3)) {
                    val place = chance.nextInt(changed.size)
                    changed[place] = (changed[place].toInt() xor (1 shl chance.nextInt(8))).toByte()
                }
                if (isRefused(changed)) refused++
            }
        }
        assertTrue("$refused of 4000", refused > 3900)
        println("flipped bits: $refused of 4000 files refused, the others read, nothing else thrown")
    }

    /** Pieces moved, doubled and overwritten. */
    @Test
    fun shuffledPieces() {
        val chance = Random(2)
        for (bytes in listOf(TinyModels.onnx(), TinyModels.tflite())) {
            repeat(1000) {
                val from = chance.nextInt(bytes.size)
                val size = 1 + chance.nextInt(minOf(64, bytes.size - from))
                val to = chance.nextInt(bytes.size - size + 1)
                val changed = bytes.clone()
                bytes.copyInto(changed, to, from, from + size)
                isRefused(changed)
                isRefused(bytes.copyOf(to) + bytes.copyOfRange(from, from + size) + bytes.copyOfRange(to, bytes.size))
            }
        }
    }

    /** Attachments that were changed on purpose, with checksums to fit, meet the checks behind them. */
    @Test
    fun changedAttachmentsWithNewSums() {
        val chance = Random(3)
        val bits = "{}[]\",:0123456789.-eE\\untrf \n'_#\u00e9".toByteArray()
        var refused = 0
        repeat(4000) { round ->
            val name = attachments.keys.toList()[chance.nextInt(attachments.size)]
            val content = attachments.getValue(name)
            val changed = content.toMutableList()
            repeat(1 + chance.nextInt(4)) {
                val place = chance.nextInt(maxOf(changed.size, 1))
                when (chance.nextInt(4)) {
                    0 -> if (changed.isNotEmpty()) changed.removeAt(place)
                    1 -> changed.add(place, bits[chance.nextInt(bits.size)])
                    2 -> if (changed.isNotEmpty()) changed[place] = bits[chance.nextInt(bits.size)]
                    else -> if (changed.isNotEmpty()) changed[place] = chance.nextInt(256).toByte()
                }
            }
            val all = attachments + (name to changed.toByteArray())
            if (isRefused(if (round % 2 == 0) TinyModels.onnx(all) else TinyModels.tflite(all))) refused++
        }
        assertTrue("$refused", refused in 1000..3999)
        println("changed attachments with new checksums: $refused of 4000 files refused, the others read")
    }

    /** Noise, alone and behind the marks of either format. */
    @Test
    fun noise() {
        val chance = Random(4)
        repeat(2000) { round ->
            val bytes = ByteArray(chance.nextInt(400)).also { chance.nextBytes(it) }
            if (round % 2 == 0 && bytes.size > 8) "TFL3".toByteArray().copyInto(bytes, 4)
            assertTrue(isRefused(bytes))
        }
    }

    /** What is not an ONNX file, or not one that is read. */
    @Test
    fun onnxContainers() {
        fun reason(bytes: ByteArray) =
            refused(bytes).removePrefix("f: not a usable ONNX file (").substringBefore("); export it again")

        val graph = TinyModels.onnxGraph()
        assertEquals("no graph inside", reason(ByteArray(0)))
        assertEquals("wire type 3 at byte 0", reason(byteArrayOf(11)))
        assertEquals("field number 0 at byte 0", reason(byteArrayOf(0, 0)))
        assertEquals("overlong number at byte 1", reason(byteArrayOf(8, 0x80.toByte(), 0)))
        assertEquals("cut off inside a number at byte 1", reason(byteArrayOf(8, 0x80.toByte())))
        assertEquals("number of more than 64 bits at byte 1", reason(byteArrayOf(8) + ByteArray(10) { -1 }))
        assertEquals("field 7 at byte 0 is cut off", reason(byteArrayOf(58, 5, 1)))
        assertEquals("field 7 is not length-delimited", reason(byteArrayOf(56, 1)))
        assertEquals("two formats in one file", reason(byteArrayOf(58, 4, 1, 1) + "ORTM".toByteArray()))
        assertEquals(
            "more fields than any model of this kind needs",
            reason(graph + ByteArray(300_000) { if (it % 2 == 0) 8 else 1 }),
        )
        val twice = entry("a", ByteArray(1), false) + entry("a", ByteArray(1), true)
        assertEquals("attachment 'a' appears twice", reason(graph + twice))
        for (name in listOf("", ".a", "a/b", "é", "a".repeat(65), "a\u0000")) {
            assertTrue(reason(graph + entry(name, ByteArray(1), false)).endsWith("is not allowed"))
        }
        val keys = field(14, field(1, "edgernn.a".toByteArray()) + field(1, "edgernn.b".toByteArray()))
        assertEquals("a metadata entry with two keys or two values", reason(graph + keys))
        val external = TinyModels.onnxGraph(more = field(5, field(8, "w".toByteArray()) + field(13, ByteArray(0))))
        assertEquals("tensor 'w' has its values in another file", reason(external))
        val inside = TinyModels.onnxGraph(more = field(1, field(5, field(6, ByteArray(0)))))
        assertEquals("an attribute with field 6", reason(inside))
    }

    /** Compressed attachments that are damaged, or larger than there is room for. */
    @Test
    fun compressedAttachments() {
        fun onnx(value: ByteArray): String =
            refused(TinyModels.onnxGraph() + field(14, field(1, "edgernn+deflate.a".toByteArray()) + field(2, value)))

        val stream = TinyModels.deflated(ByteArray(100), wrapped = true)
        assertTrue("not base64" in onnx("?".repeat(4).toByteArray()))
        assertTrue("not base64" in onnx("abc".toByteArray()))
        assertTrue("not base64" in onnx("ab=c".toByteArray()))
        assertTrue("damaged" in onnx(TinyModels.base64(ByteArray(30))))
        assertTrue("cut short" in onnx(TinyModels.base64(stream.copyOf(stream.size - 5))))
        assertTrue("bytes behind it" in onnx(TinyModels.base64(stream + 0)))
        // 16 MiB and a byte of zeros take 16 KB; the test's memory would not hold many of them.
        val bomb = TinyModels.deflated(ByteArray((16 shl 20) + 1), wrapped = true)
        repeat(20) { assertTrue("more than 16777216 bytes" in onnx(TinyModels.base64(bomb))) }
        val many = mapOf("a" to ByteArray(9 shl 20), "b" to ByteArray(9 shl 20))
        assertTrue("more than 16777216 bytes" in refused(TinyModels.onnx(many)))
        assertTrue("more than 16777216 bytes" in refused(TinyModels.tflite(many)))
        assertTrue("more than 16777216 bytes" in refused(TinyModels.tflite(many, deflateFrom = Int.MAX_VALUE)))
    }

    /** Archives that are not those of a .tflite file. */
    @Test
    fun archives() {
        fun reason(archive: ByteArray): String {
            val found = refused(TinyModels.tfliteGraph() + archive)
            return found.removePrefix("f: cannot read the attachments at its end (").substringBefore("); export it")
        }
        val behind = TinyModels.tfliteGraph().size
        val one = TinyModels.archive(mapOf("note.txt" to "hi".toByteArray()), behind)
        val directory = one.size - 22 - 54
        val end = one.size - 22

        fun changed(vararg bytes: Pair<Int, Int>) =
            one.clone().also { for ((place, byte) in bytes) it[place] = byte.toByte() }

        assertEquals("'note.txt' is damaged", reason(changed(38 to 'x'.code)))
        assertEquals("'note.txt' is another file than the directory says", reason(changed(30 to 'x'.code)))
        assertEquals("'note.txt' is another file than the directory says", reason(changed(14 to 1)))
        assertEquals("'note.txt' is encrypted", reason(changed(directory + 8 to 1, 6 to 1)))
        assertEquals("'note.txt' is compressed in an unknown way", reason(changed(directory + 10 to 9, 8 to 9)))
        assertEquals("'note.txt' has a different size than it declares", reason(changed(directory + 24 to 3, 22 to 3)))
        assertEquals("'note.txt' is cut off", reason(changed(directory + 20 to 99, 18 to 99)))
        assertEquals("'note.txt' is not where the directory says", reason(changed(directory + 45 to 0x7F)))
        assertEquals("'note.txt' is not where the directory says", reason(changed(directory + 45 to 0xFF)))
        assertEquals("archives in several parts are not read", reason(changed(end + 4 to 1)))
        assertEquals("archives in several parts are not read", reason(changed(directory + 34 to 1)))
        assertEquals("its directory is elsewhere", reason(changed(end + 12 to 0)))
        assertEquals("its directory is elsewhere", reason(changed(end + 19 to 0xFF)))
        assertEquals("a broken directory", reason(changed(directory to 0)))
        assertEquals("more than 64 files", reason(changed(end + 8 to 65, end + 10 to 65)))
        assertEquals("file name 'a/b' is not allowed", reason(TinyModels.archive(mapOf("a/b" to ByteArray(1)), behind)))
        val twice = TinyModels.archive(mapOf("a" to ByteArray(1), "b" to ByteArray(1)), behind)
        for (i in twice.indices) if (twice[i] == 'b'.code.toByte()) twice[i] = 'a'.code.toByte()
        assertEquals("'a' appears twice", reason(twice))
        val zip64 = "PK\u0006\u0007".toByteArray() + ByteArray(16)
        assertEquals("ZIP64 archives are not read", reason(zip64 + one.copyOfRange(end, one.size)))
        // With a comment behind it, a record says nothing; then there are no attachments.
        assertTrue("carries no contract.json" in refused(TinyModels.tfliteGraph() + one + 0))
    }

    /** Flatbuffers whose offsets point anywhere. */
    @Test
    fun flatbuffers() {
        val graph = TinyModels.tfliteGraph()
        for (place in graph.indices step 2) {
            for (value in listOf(0, 0x7FFF, 0xFFFF)) {
                val changed = graph.clone()
                changed[place] = value.toByte()
                changed[place + 1] = (value shr 8).toByte()
                isRefused(TinyModels.tflite(graph = changed))
            }
        }
        assertTrue(refused("aaaaTFL3".toByteArray()).startsWith("f: not a usable TFLite file ("))
    }
}
