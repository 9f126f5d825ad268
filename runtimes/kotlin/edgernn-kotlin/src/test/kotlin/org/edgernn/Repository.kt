package org.edgernn

import java.io.File

/** Files of the repository that this module is part of. */
object Repository {
    private val root: File =
        generateSequence(File("").absoluteFile) { it.parentFile }
            .firstOrNull { File(it, "runtimes/conformance").isDirectory }
            ?: error("no runtimes/conformance above ${File("").absolutePath}")

    /** The model file that edgernn ships. */
    const val SHIPPED = "edgernn/models/flagship/model.onnx"

    fun file(path: String): File = File(root, path)

    fun bytes(path: String): ByteArray = file(path).readBytes()

    fun text(path: String): String = bytes(path).toString(Charsets.UTF_8)

    fun shipped(): ModelFile = ModelFile.read(bytes(SHIPPED), "model.onnx", IcuUnicode)
}

/** Runs something that must be refused, and returns why. */
inline fun refusal(action: () -> Unit): String {
    try {
        action()
    } catch (error: ModelException) {
        return error.message.orEmpty()
    }
    throw AssertionError("it was not refused")
}

/** An object of a JSON file. */
@Suppress("UNCHECKED_CAST")
fun Any?.asObject(): Map<String, Any?> = this as Map<String, Any?>

/** A list of objects of a JSON file. */
@Suppress("UNCHECKED_CAST")
fun Any?.asObjects(): List<Map<String, Any?>> = this as List<Map<String, Any?>>
