package org.edgernn.demo

import android.app.Application
import java.util.concurrent.Executor
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import org.edgernn.BenchmarkSettings
import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.ModelException
import org.edgernn.ModelFile
import org.edgernn.NativeClassifier
import org.edgernn.OnnxClassifier
import org.edgernn.Score
import org.edgernn.Verification
import org.edgernn.android.AndroidUnicode
import org.edgernn.android.TfliteClassifier

/** What the pages share: the models, and the one thread on which they run. */
open class DemoApplication : Application(), ModelOpener {
    /** One thread, so that no measurement meets another text. */
    val background: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "edgernn") }

    /** The main thread. */
    val main: MainThread by lazy { LooperThread() }

    /** The models; they are opened when the first page asks. */
    open val store: ModelStore by lazy { ModelStore(source(), this, background, main, files) }

    /** Where files that other apps hand out are read: one that never ends holds up nothing else. */
    protected open val files: Executor = Executor { Thread(it, "edgernn-file").start() }

    /** Tells the time, in nanoseconds. */
    open val clock: () -> Long = System::nanoTime

    /** The score whose labels are all listed; null where none was asked for in this process. */
    var listed: Score? = null

    /** The benchmark; it goes on while other pages are open. */
    val benchmark: Work<Report> by lazy { Work<Report>(background, main) }

    /** How the benchmark measures. */
    open val benchmarkSettings: BenchmarkSettings = BenchmarkSettings()

    /** Where the models come from. */
    protected open fun source(): ModelSource = AssetModels(assets)

    /** Whether edgernn's own engine scores; an app that was built without it has another runtime. */
    protected open val hasEngine: Boolean
        get() = NativeClassifier.isInstalled

    /** Whether a model may come from anywhere: the engine alone opens no graph but those that it knows. */
    open val takesPicked: Boolean
        get() = hasEngine

    override fun open(bytes: ByteArray, format: Format): Classifier {
        val file = ModelFile.read(bytes, format.fileName, AndroidUnicode)
        val classifier = when {
            hasEngine -> NativeClassifier(file)
            format == Format.ONNX -> OnnxClassifier(file)
            else -> TfliteClassifier(file)
        }
        file.release()
        return classifier
    }

    /** Takes edgernn's engine alone, which opens no graph but those it knows, and has the file prove itself. */
    override fun openPicked(bytes: ByteArray, name: String): Classifier {
        val classifier = NativeClassifier.open(bytes, name, AndroidUnicode)
        var isProved = false
        try {
            val failures = if (classifier.file.golden == null) emptyList() else Verification.run(classifier).failures
            if (failures.isNotEmpty()) throw ModelException("$name: ${failures[0]}", ModelException.Reason.PROOF)
            isProved = true
        } finally {
            if (!isProved) classifier.close()
        }
        return classifier
    }
}
