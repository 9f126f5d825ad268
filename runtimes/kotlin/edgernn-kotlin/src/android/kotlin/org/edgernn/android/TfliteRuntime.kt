package org.edgernn.android

import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.edgernn.ModelFile
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.TensorFlowLite

/** What is used of TensorFlow Lite's interpreter, so that tests can stand in for its native code. */
internal interface TfliteRuntime : Closeable {
    /** The version of TensorFlow Lite; null where it does not tell. */
    val version: String?

    /** Gives the input the shape [1, [ids]], and memory to all tensors. */
    fun resize(ids: Int)

    /** Sets the state of recurrent layers to zero. */
    fun resetVariables()

    /** Runs the graph for as many ids as the input was resized to; returns the numbers of its output. */
    fun run(ids: IntArray): FloatArray
}

/** TensorFlow Lite itself. */
internal class NativeTflite(file: ModelFile, threads: Int, useXnnpack: Boolean) : TfliteRuntime {
    private val interpreter: Interpreter
    private val outputs = file.contract.outputs

    init {
        // It reads the file where it lies, and keeps the buffer.
        val buffer = ByteBuffer.allocateDirect(file.bytes.size).order(ByteOrder.nativeOrder())
        buffer.put(file.bytes)
        buffer.rewind()
        val options = Interpreter.Options().setNumThreads(threads).setUseXNNPACK(useXnnpack)
        interpreter = Interpreter(buffer, options)
    }

    override val version: String? = TensorFlowLite.runtimeVersion()

    override fun resize(ids: Int) {
        interpreter.resizeInput(0, intArrayOf(1, ids))
        interpreter.allocateTensors()
    }

    override fun resetVariables() = interpreter.resetVariableTensors()

    override fun run(ids: IntArray): FloatArray {
        val found = FloatArray(outputs)
        // One probability alone has no dimension of its own.
        interpreter.run(arrayOf(ids), if (outputs == 1) found else arrayOf(found))
        return found
    }

    override fun close() = interpreter.close()
}
