package org.edgernn

import java.io.File
import java.io.IOException
import java.nio.ByteBuffer

/**
 * The functions of `runtimes/kotlin/native/edgernn_jni.c`. They believe that a model is open;
 * [NativeClassifier] sees to that.
 */
internal object NativeEngine {
    private const val NAME = "edgernn_jni"

    /** `BROKEN` to `BAD_CALL` of the engine's header are other numbers. */
    const val OK = 0

    /** The level that is the best of the processor. */
    const val AUTO = 0

    /** What [fact] tells. */
    const val OUTPUTS = 0
    const val IDS = 1
    const val LEVEL = 2
    const val SHORTEST = 3

    /** Names of levels, by number. */
    val LEVELS = listOf("auto", "plain", "avx2", "avx512")

    /** Bytes of a message, the zero at its end included. */
    const val MESSAGE_BYTES = 256

    /** Why the engine cannot be called; null where it can. */
    val problem: String? by lazy { load() }

    /** Opens a file; 0 with [message] written where it is refused. */
    @JvmStatic
    external fun open(file: ByteArray, level: Int, message: ByteArray): Long

    @JvmStatic
    external fun close(model: Long)

    @JvmStatic
    external fun fact(model: Long, which: Int): Int

    /** Bytes of the direct buffer that [score] needs; -1 where none is that large. */
    @JvmStatic
    external fun memory(model: Long, texts: Int, ids: Int): Int

    /** Scores texts whose ids lie behind each other; returns [OK] or the engine's number for what is wrong. */
    @JvmStatic
    external fun score(
        model: Long,
        ids: IntArray,
        lengths: IntArray,
        probabilities: FloatArray,
        memory: ByteBuffer,
    ): Int

    /** An app has the library where the system looks for it, a desktop's lies in the jar. */
    private fun load(): String? =
        try {
            System.loadLibrary(NAME)
            null
        } catch (error: UnsatisfiedLinkError) {
            loadFromJar(error)
        }

    private fun loadFromJar(first: UnsatisfiedLinkError): String? {
        val machine = System.getProperty("os.arch").let { if (it == "amd64") "x86_64" else it }
        val name = "native/${System.getProperty("os.name").lowercase()}-$machine/lib$NAME.so"
        val inside = NativeEngine::class.java.getResourceAsStream(name) ?: return first.message
        return try {
            val file = File.createTempFile("edgernn", ".so")
            try {
                inside.use { from -> file.outputStream().use { from.copyTo(it) } }
                System.load(file.path)
            } finally {
                // What is loaded stays loaded.
                file.delete()
            }
            null
        } catch (error: IOException) {
            "it cannot be unpacked: ${error.message}"
        } catch (error: UnsatisfiedLinkError) {
            error.message
        }
    }
}
