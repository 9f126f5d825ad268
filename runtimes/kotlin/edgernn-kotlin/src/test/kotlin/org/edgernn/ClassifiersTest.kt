package org.edgernn

import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import org.edgernn.android.Classifiers
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** Opening a file of an app's, as a function that waits and as one that suspends. */
class ClassifiersTest {
    private val shipped = Repository.bytes(Repository.SHIPPED)

    @Volatile
    private var thread = ""

    private fun suspended(bytes: ByteArray): CompletableFuture<Classifier> {
        val done = CompletableFuture<Classifier>()
        val block: suspend () -> Classifier = {
            Classifiers.opened("model.onnx", IcuUnicode) {
                thread = Thread.currentThread().name
                bytes.inputStream()
            }
        }
        block.startCoroutine(
            object : Continuation<Classifier> {
                override val context: CoroutineContext = EmptyCoroutineContext

                override fun resumeWith(result: Result<Classifier>) {
                    result.fold({ done.complete(it) }, { done.completeExceptionally(it) })
                }
            },
        )
        return done
    }

    /** It is edgernn's engine, proved, on another thread; the file's bytes are let go. */
    @Test
    fun opens() {
        val classifier = suspended(shipped).get(60, TimeUnit.SECONDS)
        assertEquals("edgernn", thread)
        assertEquals("native", classifier.runtime)
        assertTrue(checkNotNull(classifier.score("A warm and funny film.").probability) > 0.5f)
        assertThrows(IllegalStateException::class.java) { classifier.file.bytes }
        classifier.close()
        Classifiers.openNow("model.onnx", IcuUnicode) { shipped.inputStream() }.use { assertEquals("native", it.runtime) }
    }

    /** A file that is refused is an error of whoever waits. */
    @Test
    fun refuses() {
        val error = assertThrows(ExecutionException::class.java) { suspended(shipped.copyOf(1000)).get(60, TimeUnit.SECONDS) }
        assertTrue("${error.cause}", error.cause is ModelException)
        assertThrows(ModelException::class.java) { Classifiers.openNow("f", IcuUnicode) { LabelModels.onnx("each", listOf("a", "b")).inputStream() } }
    }
}
