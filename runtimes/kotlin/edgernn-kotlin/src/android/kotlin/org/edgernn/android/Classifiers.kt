package org.edgernn.android

import android.content.Context
import java.io.IOException
import java.io.InputStream
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlin.coroutines.suspendCoroutine
import org.edgernn.Classifier
import org.edgernn.ModelException
import org.edgernn.NativeClassifier
import org.edgernn.Unicode
import org.edgernn.Verification

/** Model files of an app, opened with edgernn's engine and proved by their golden vectors. */
public object Classifiers {
    /**
     * Opens a model file of the app's assets on a thread of its own.
     *
     * @param asset its name, such as `model.onnx`.
     * @throws ModelException it is refused, or scores other than the file says on this phone.
     * @throws IOException there is no such asset, or it cannot be read.
     */
    public suspend fun open(context: Context, asset: String): Classifier = opened(asset, AndroidUnicode) { context.assets.open(asset) }

    /** Does what [open] does on the calling thread, which should not be the main one. */
    @JvmStatic
    @Throws(ModelException::class, IOException::class)
    public fun openBlocking(context: Context, asset: String): Classifier = openNow(asset, AndroidUnicode) { context.assets.open(asset) }

    /** What [open] does with a stream and Unicode that a test may give. */
    internal suspend fun opened(name: String, unicode: Unicode, stream: () -> InputStream): Classifier =
        suspendCoroutine { waiting ->
            val work = Runnable {
                val made =
                    try {
                        openNow(name, unicode, stream)
                    } catch (error: Throwable) {
                        // Whoever waits is told, whatever it is.
                        waiting.resumeWithException(error)
                        null
                    }
                if (made != null) waiting.resume(made)
            }
            Thread(work, "edgernn").start()
        }

    internal fun openNow(name: String, unicode: Unicode, stream: () -> InputStream): Classifier {
        val classifier = stream().use { NativeClassifier.open(it, name, unicode) }
        try {
            val failures = if (classifier.file.golden == null) emptyList() else Verification.run(classifier).failures
            if (failures.isNotEmpty()) {
                val line = "$name: it does not score here as it says: ${failures.first()}"
                throw ModelException(line, ModelException.Reason.PROOF)
            }
        } catch (error: ModelException) {
            classifier.close()
            throw error
        }
        return classifier
    }
}
