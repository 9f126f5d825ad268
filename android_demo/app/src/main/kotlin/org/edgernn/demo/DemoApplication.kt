package org.edgernn.demo

import android.app.Application
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import org.edgernn.BenchmarkSettings
import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.ModelFile
import org.edgernn.OnnxClassifier
import org.edgernn.android.AndroidUnicode
import org.edgernn.android.TfliteClassifier

/** What the pages share: the models, and the one thread on which they run. */
open class DemoApplication : Application() {
    /** One thread, so that no measurement meets another text. */
    val background: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "edgernn") }

    /** The main thread. */
    val main: MainThread by lazy { LooperThread() }

    /** The models; they are opened when the first page asks. */
    val store: ModelStore by lazy { ModelStore(source(), ::open, background, main) }

    /** The benchmark; it goes on while other pages are open. */
    val benchmark: Work<Report> by lazy { Work<Report>(background, main) }

    /** How the benchmark measures. */
    open val benchmarkSettings: BenchmarkSettings = BenchmarkSettings()

    /** Where the models come from. */
    protected open fun source(): ModelSource = AssetModels(assets)

    /** Makes a classifier of a model file. */
    protected open fun open(bytes: ByteArray, format: Format): Classifier {
        val file = ModelFile.read(bytes, format.fileName, AndroidUnicode)
        return when (format) {
            Format.ONNX -> OnnxClassifier(file)
            Format.TFLITE -> TfliteClassifier(file)
        }
    }
}
