package org.edgernn.demo

import android.app.Application
import java.io.IOException
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import org.edgernn.BenchmarkSettings
import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.ModelFile
import org.edgernn.NativeClassifier
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
    val store: ModelStore by lazy { ModelStore(source(), ::open, background, main, ::explain) }

    /** The benchmark; it goes on while other pages are open. */
    val benchmark: Work<Report> by lazy { Work<Report>(background, main) }

    /** How the benchmark measures. */
    open val benchmarkSettings: BenchmarkSettings = BenchmarkSettings()

    /** Where the models come from. */
    protected open fun source(): ModelSource = AssetModels(assets)

    /** Says why a file cannot be used where the library does not. */
    internal fun explain(format: Format, problem: Throwable): String =
        getString(
            when (problem) {
                is IOException -> R.string.file_unreadable
                is OutOfMemoryError -> R.string.file_no_memory
                // An app that was built without this runtime, or without this phone's kind of processor.
                is LinkageError -> R.string.file_no_runtime
                else -> R.string.file_failed
            },
            format.fileName,
            problem.toString(),
        )

    /** Whether edgernn's own engine scores; an app that was built without it has another runtime. */
    protected open val hasEngine: Boolean
        get() = NativeClassifier.isInstalled

    /** Makes a classifier of a model file. */
    protected open fun open(bytes: ByteArray, format: Format): Classifier {
        val file = ModelFile.read(bytes, format.fileName, AndroidUnicode)
        val classifier = when {
            hasEngine -> NativeClassifier(file)
            format == Format.ONNX -> OnnxClassifier(file)
            else -> TfliteClassifier(file)
        }
        file.release()
        return classifier
    }
}
