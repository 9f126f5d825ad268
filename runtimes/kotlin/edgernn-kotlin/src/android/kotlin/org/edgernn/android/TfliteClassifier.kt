package org.edgernn.android

import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.ModelException
import org.edgernn.ModelFile
import org.edgernn.bundle.oneLine
import org.edgernn.checkedProbabilities
import org.edgernn.requireIds

/**
 * A model file in TensorFlow Lite, one text at a time at its true length.
 *
 * Its graph keeps recurrent state in variables from one call to the next, so they are reset before
 * each. XNNPACK is used, but for graphs that it scores wrong now and then.
 *
 * @property file a file of [Format.TFLITE].
 * @property threads how many threads one call may use; one is best for a recurrent graph.
 * @throws ModelException the file is of another format, or the runtime refuses its graph.
 */
public class TfliteClassifier internal constructor(
    override val file: ModelFile,
    override val threads: Int,
    open: (ModelFile, Int, Boolean) -> TfliteRuntime,
) : Classifier {
    @JvmOverloads
    @Throws(ModelException::class)
    public constructor(file: ModelFile, threads: Int = 1) : this(file, threads, ::NativeTflite)

    override val runtime: String = "tflite"
    override val options: String = if (file.hasStateLoop) "no delegate" else "XNNPACK"
    override val runtimeVersion: String?

    private val lock = Any()
    private var interpreter: TfliteRuntime?
    private var length = 0

    init {
        require(threads >= 1) { "threads must be at least 1" }
        if (file.format != Format.TFLITE) throw ModelException("${file.name}: is not a TFLite file")
        val opened =
            try {
                open(file, threads, !file.hasStateLoop)
            } catch (error: LinkageError) {
                val line = "${file.name}: TensorFlow Lite is not in this app: ${oneLine(error.toString())}"
                throw ModelException(line, ModelException.Reason.ENGINE)
            } catch (error: IllegalArgumentException) {
                throw failed(error, ModelException.Reason.GRAPH)
            } catch (error: IllegalStateException) {
                throw failed(error, ModelException.Reason.GRAPH)
            }
        runtimeVersion = opened.version
        interpreter = opened
    }

    override fun probabilities(ids: IntArray): FloatArray {
        requireIds(ids, file)
        val found =
            synchronized(lock) {
                val opened = checkNotNull(interpreter) { "the classifier is closed" }
                try {
                    run(opened, ids)
                } catch (error: IllegalArgumentException) {
                    throw failed(error, ModelException.Reason.SCORE)
                } catch (error: IllegalStateException) {
                    throw failed(error, ModelException.Reason.SCORE)
                }
            }
        return checkedProbabilities(found, file)
    }

    override fun close() {
        synchronized(lock) {
            interpreter?.close()
            interpreter = null
        }
    }

    private fun run(opened: TfliteRuntime, ids: IntArray): FloatArray {
        if (ids.size != length) {
            // If it fails half-way, the next call must not take the shape for granted.
            length = 0
            opened.resize(ids.size)
            length = ids.size
        }
        opened.resetVariables()
        return opened.run(ids)
    }

    private fun failed(error: RuntimeException, kind: ModelException.Reason): ModelException {
        val reason = error.message.orEmpty().trim().lineSequence().first()
        return ModelException("${file.name}: TensorFlow Lite cannot run it: ${oneLine(reason)}", kind)
    }
}
