package org.edgernn.demo

import android.os.Looper
import java.io.File
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import org.edgernn.BenchmarkSettings
import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.Score
import org.robolectric.Shadows.shadowOf

/** The app with models that a test chooses; without a choice, those of its assets. */
class FakeApplication : DemoApplication() {
    override val benchmarkSettings = BenchmarkSettings(
        tokens = listOf(5, 20),
        precisionPercent = 50.0,
        secondsPerRow = 0.5,
    )

    /** Models of a kilobyte are no exports, which edgernn's engine refuses: ONNX Runtime takes its place. */
    override val hasEngine: Boolean
        get() = Models.withEngine && super.hasEngine

    override val takesPicked: Boolean
        get() = Models.showsPick || super.takesPicked

    private var made: ModelStore? = null

    override val store: ModelStore
        get() = made ?: ModelStore(source(), this, background, main, files).also { made = it }

    /** Forgets the models, as a new process does. */
    fun startAnew() {
        made = null
    }

    /** Settled with everything else. */
    override val files: Executor
        get() = background

    override val clock: () -> Long
        get() = Models.clock

    override fun source(): ModelSource = Models.files?.let(::FakeModels) ?: super.source()

    override fun open(bytes: ByteArray, format: Format): Classifier {
        Models.failure?.let { throw it }
        // There is no TensorFlow Lite for the desktop: here the other runtime stands in for it.
        val real = super.open(bytes, Format.ONNX)
        return WatchedClassifier(real, if (format == Format.TFLITE) "tflite" else real.runtime).also {
            Models.opened.add(it)
        }
    }

    override fun openPicked(bytes: ByteArray, name: String): Classifier =
        WatchedClassifier(super.openPicked(bytes, name), "native").also { Models.opened.add(it) }

    override fun onTerminate() {
        background.shutdown()
        check(background.awaitTermination(30, TimeUnit.SECONDS)) { "the background thread does not end" }
        super.onTerminate()
    }
}

/** What the next [FakeApplication] finds; a test rule empties it. */
object Models {
    /** The files; null: the app's assets. */
    var files: Map<Format, ByteArray>? = null

    /** Whether edgernn's own engine opens them. */
    var withEngine = false

    /** Whether a file may be picked where another runtime opens the app's own. */
    var showsPick = false

    /** Thrown instead of opening a file. */
    @Volatile
    var failure: Throwable? = null

    /** Tells the time. */
    @Volatile
    var clock: () -> Long = System::nanoTime

    /** What was opened. */
    val opened = CopyOnWriteArrayList<WatchedClassifier>()

    /** The shipped model. */
    val shipped: ByteArray by lazy { File(System.getProperty("edgernn.model") ?: MODEL).readBytes() }

    /** Forgets what another test chose. */
    fun reset() {
        files = null
        withEngine = false
        showsPick = false
        failure = null
        clock = System::nanoTime
        opened.clear()
    }

    private const val MODEL = "../../edgernn/models/flagship/model.onnx"
}

/** Files that are in memory. */
class FakeModels(private val files: Map<Format, ByteArray>) : ModelSource {
    override fun formats(): Set<Format> = files.keys

    override fun read(format: Format): ByteArray = files.getValue(format)
}

/** A classifier that remembers what it was asked, and on which thread. */
class WatchedClassifier(private val inner: Classifier, override val runtime: String) : Classifier by inner {
    /** Whether nobody uses it any more. */
    @Volatile
    var isClosed = false
        private set

    val texts = CopyOnWriteArrayList<String>()
    val threadNames = CopyOnWriteArrayList<String>()

    /** Thrown instead of an answer. */
    @Volatile
    var failure: RuntimeException? = null

    /** Added to the probability of the second label. */
    @Volatile
    var shift = 0f

    override fun probabilities(ids: IntArray): FloatArray =
        inner.probabilities(ids).also { it[1] = (it[1] + shift).coerceIn(0f, 1f) }

    override fun close() {
        isClosed = true
        inner.close()
    }

    override fun score(text: String): Score {
        texts.add(text)
        threadNames.add(Thread.currentThread().name)
        failure?.let { throw it }
        return inner.score(text)
    }
}

/** Runs what is waiting on both threads, and what that brings, until nothing is left. */
fun DemoApplication.settle() {
    repeat(6) {
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(200))
        background.submit {}.get(60, TimeUnit.SECONDS)
    }
    shadowOf(Looper.getMainLooper()).idle()
}

/** A thread that runs nothing until a test says so. */
class HeldThread : Executor {
    private val tasks = ArrayDeque<Runnable>()

    override fun execute(task: Runnable) = tasks.addLast(task)

    /** Runs all that is held, and returns how much it was. */
    fun release(): Int {
        var count = 0
        while (tasks.isNotEmpty()) {
            tasks.removeFirst().run()
            count++
        }
        return count
    }
}
