package org.edgernn

import java.io.ByteArrayInputStream
import java.io.InputStream
import java.lang.management.ManagementFactory
import java.lang.ref.WeakReference
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

/** What memory it takes to open a model file, and what of it stays. */
class MemoryTest {
    private val shipped = Repository.bytes(Repository.SHIPPED)

    /** Bytes of Java's heap that this thread has asked for so far. */
    private fun allocated(): Long {
        val bean = ManagementFactory.getThreadMXBean() as com.sun.management.ThreadMXBean
        return bean.getThreadAllocatedBytes(Thread.currentThread().id)
    }

    private fun usedAfterCollection(): Long {
        repeat(3) { System.gc() }
        return Runtime.getRuntime().let { it.totalMemory() - it.freeMemory() }
    }

    /** Beside the file's own bytes, opening takes at most 1.3 times its size, and keeps half. */
    @Test
    fun openingIsFrugal() {
        // The first time loads classes and tables.
        NativeClassifier.open(shipped.inputStream(), "f", IcuUnicode).close()
        val before = usedAfterCollection()
        val started = allocated()
        val classifier = NativeClassifier.open(shipped.inputStream(), "f", IcuUnicode)
        val taken = (allocated() - started).toDouble() / shipped.size
        val kept = (usedAfterCollection() - before).toDouble() / shipped.size
        println("opening a file takes %.2f times its size of Java's heap, and keeps %.2f times".format(taken, kept))
        assertTrue("$taken", taken in 1.0..2.3)
        assertTrue("$kept", kept < 0.5)
        classifier.close()
    }

    /** Nobody holds the file's bytes once it is open; who reads a file alone holds them until they are released. */
    @Test
    fun noCopyStays() {
        var bytes: ByteArray? = shipped.copyOf()
        val watched = WeakReference(bytes)
        val classifier = NativeClassifier.open(checkNotNull(bytes), "f", IcuUnicode)
        bytes = null
        usedAfterCollection()
        assertNull(watched.get())
        assertEquals(shipped.size, classifier.file.size)
        assertTrue(Verification.run(classifier).passed)
        classifier.close()
        var other: ByteArray? = shipped.copyOf()
        val held = WeakReference(other)
        val file = ModelFile.read(checkNotNull(other), "f", IcuUnicode)
        other = null
        usedAfterCollection()
        assertNotNull(held.get())
        file.release()
        usedAfterCollection()
        assertNull(held.get())
    }

    /** A stream may come in parts, and may not know how much there is. */
    @Test
    fun streams() {
        val inParts =
            object : ByteArrayInputStream(shipped) {
                override fun available() = 0

                override fun read(into: ByteArray, at: Int, length: Int) = super.read(into, at, minOf(length, 1000))
            }
        assertArrayEquals(shipped, ModelFile.read(inParts, "f", IcuUnicode).bytes)
        assertTrue(refusal { ModelFile.read(ByteArray(0).inputStream(), "f", IcuUnicode) }.startsWith("f: not a usable"))
        val endless =
            object : InputStream() {
                override fun read() = 0

                override fun read(into: ByteArray, at: Int, length: Int) = length
            }
        assertEquals("f: larger than 128 MiB", refusal { ModelFile.read(endless, "f", IcuUnicode) })
    }
}
