package org.edgernn.demo

import android.content.res.AssetManager
import java.io.IOException
import org.edgernn.Format

/** What the app calls the model file of a format; `edgernn android` gives it this name. */
val Format.fileName: String
    get() = when (this) {
        Format.ONNX -> "model.onnx"
        Format.TFLITE -> "model.tflite"
    }

/** Where the app's model files are. */
interface ModelSource {
    /** Returns the formats of which there is a file. */
    fun formats(): Set<Format>

    /**
     * Returns the whole file of a format.
     *
     * @throws IOException it cannot be read.
     */
    fun read(format: Format): ByteArray
}

/** The files in the assets of the app. */
class AssetModels(private val assets: AssetManager) : ModelSource {
    override fun formats(): Set<Format> {
        val names = assets.list("").orEmpty()
        return Format.values().filterTo(LinkedHashSet()) { it.fileName in names }
    }

    override fun read(format: Format): ByteArray = assets.open(format.fileName).use { it.readBytes() }
}
