package org.edgernn

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtLoggingLevel
import ai.onnxruntime.OrtSession
import java.nio.IntBuffer
import org.edgernn.bundle.oneLine
import org.edgernn.bundle.outputName

/**
 * A model file in ONNX Runtime.
 *
 * @param file a file of [Format.ONNX].
 * @param threads how many threads one call may use; one is best for a recurrent graph.
 * @throws ModelException the file is of another format, or the runtime refuses its graph.
 */
public class OnnxClassifier
@JvmOverloads
@Throws(ModelException::class)
constructor(override val file: ModelFile, override val threads: Int = 1) : Classifier {
    override val runtime: String = "onnxruntime"
    override val runtimeVersion: String?
        get() = environment.version

    private val environment: OrtEnvironment
    private val output = setOf(outputName(file.contract))
    private val lock = Any()
    private var session: OrtSession? = null

    init {
        require(threads >= 1) { "threads must be at least 1" }
        if (file.format != Format.ONNX) throw ModelException("${file.name}: is not an ONNX file")
        environment = openEnvironment(file)
        session =
            try {
                OrtSession.SessionOptions().use { options ->
                    options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR)
                    options.setIntraOpNumThreads(threads)
                    // Otherwise it looks at the bytes itself, and may see another format than was checked.
                    options.addConfigEntry("session.load_model_format", "ONNX")
                    // Weights stored as int8 are turned into float32 once, at load, not at each call.
                    options.addConfigEntry("session.disable_quant_qdq", "1")
                    environment.createSession(file.bytes, options)
                }
            } catch (error: OrtException) {
                throw failed(error, ModelException.Reason.GRAPH)
            }
    }

    override fun probabilities(ids: IntArray): FloatArray {
        requireIds(ids, file)
        return checkedProbabilities(run(listOf(ids)), file)
    }

    override fun together(texts: List<IntArray>): List<FloatArray>? {
        texts.forEach { requireIds(it, file) }
        if (texts.size > 1 && !file.takesBatches) return null
        val found = run(texts)
        val each = file.contract.outputs
        if (found.size != texts.size * each) {
            throw ModelException("${file.name}: the graph gave ${found.size} numbers for ${texts.size} texts", ModelException.Reason.SCORE)
        }
        return texts.indices.map { checkedProbabilities(found.copyOfRange(it * each, (it + 1) * each), file) }
    }

    private fun run(texts: List<IntArray>): FloatArray =
        synchronized(lock) {
            val session = checkNotNull(session) { "the classifier is closed" }
            try {
                run(session, texts)
            } catch (error: OrtException) {
                throw failed(error, ModelException.Reason.SCORE)
            }
        }

    override fun close() {
        synchronized(lock) {
            session?.close()
            session = null
        }
    }

    private fun run(session: OrtSession, texts: List<IntArray>): FloatArray {
        val longest = texts.maxOf { it.size }
        val ids = IntArray(texts.size * longest)
        texts.forEachIndexed { row, text -> text.copyInto(ids, row * longest) }
        val sizes = IntArray(texts.size) { texts[it].size }
        val shape = longArrayOf(texts.size.toLong(), longest.toLong())
        return OnnxTensor.createTensor(environment, IntBuffer.wrap(ids), shape).use { text ->
            OnnxTensor.createTensor(environment, sizes).use { lengths ->
                // A graph for one text a call takes no lengths.
                val given = mapOf("ids" to text, "lengths" to lengths).filterKeys { it in session.inputNames }
                session.run(given, output).use { result ->
                    val tensor = result.get(0) as? OnnxTensor
                    tensor?.floatBuffer?.let { values -> FloatArray(values.remaining()) { values.get(it) } }
                        ?: FloatArray(0)
                }
            }
        }
    }

    private fun failed(error: OrtException, kind: ModelException.Reason): ModelException {
        val reason = error.message.orEmpty().trim().lineSequence().first()
        return ModelException("${file.name}: ONNX Runtime cannot run it: ${oneLine(reason)}", kind)
    }

    private companion object {
        fun openEnvironment(file: ModelFile): OrtEnvironment =
            try {
                Telemetry.switchOff()
                OrtEnvironment.getEnvironment()
            } catch (error: LinkageError) {
                throw ModelException(
                    "${file.name}: ONNX Runtime is not in this app: ${oneLine(error.toString())}",
                    ModelException.Reason.ENGINE,
                )
            }
    }
}
