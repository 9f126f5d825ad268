package org.edgernn.demo

import java.io.IOException
import java.util.EnumMap
import java.util.concurrent.Executor
import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.ModelException

/** What has become of a model file. */
sealed class Slot {
    /** There is no such file. */
    object Absent : Slot()

    /** It is being read. */
    object Opening : Slot()

    /** It can score texts. */
    class Ready(val classifier: Classifier) : Slot()

    /** It was refused. */
    class Broken(val problem: Problem) : Slot()
}

/** How model files become classifiers; called on the background thread. */
interface ModelOpener {
    /** Opens a file of the app's own. */
    fun open(bytes: ByteArray, format: Format): Classifier

    /** Opens a file from anywhere, of either format, which is trusted in nothing. */
    fun openPicked(bytes: ByteArray, name: String): Classifier
}

/**
 * The models of the app, opened once in its process, the one that was picked from the phone's files, and
 * which of them is in use.
 *
 * All of it is called on the main thread; the app's files are read and all are opened on [background].
 *
 * @param files where files from elsewhere are read: whoever hands them out may take any time.
 */
class ModelStore(
    private val source: ModelSource,
    private val opener: ModelOpener,
    private val background: Executor,
    private val main: MainThread,
    private val files: Executor = background,
) {
    private val slots = EnumMap<Format, Slot>(Format::class.java)
    private val listeners = LinkedHashSet<Runnable>()
    private var pick = 0

    /** The format of the app's file in use; null where the app has no model. */
    var chosen: Format? = null
        private set

    /** What has become of the picked file; one that was refused does not stand here. */
    var picked: Slot = Slot.Absent
        private set

    /** What the picked file is called; null where there is none. */
    var pickedName: String? = null
        private set

    /** Whether the picked file is in use. */
    var usesPicked: Boolean = false
        private set

    /** Whether a file is being picked: read and opened. */
    var picking: Boolean = false
        private set

    /** Why the file that was picked last was refused; null where it was not. */
    var refusal: Problem? = null
        private set

    /** The slot in use. */
    val current: Slot
        get() = if (usesPicked) picked else chosen?.let(::slot) ?: Slot.Absent

    /** The name of the file in use; null where there is none. */
    val currentName: String?
        get() = if (usesPicked) pickedName else chosen?.fileName

    /** The classifiers that are ready, the app's own first, ONNX first. */
    val ready: List<Classifier>
        get() = (slots.values + picked).filterIsInstance<Slot.Ready>().map { it.classifier }

    init {
        for (format in source.formats().sorted()) {
            slots[format] = Slot.Opening
            if (chosen == null) chosen = format
            background.execute { load(format) }
        }
    }

    /** Returns what has become of a format's file. */
    fun slot(format: Format): Slot = slots[format] ?: Slot.Absent

    /** Uses another format from now on; one without a file is passed over. */
    fun choose(format: Format) {
        if ((format == chosen && !usesPicked) || slot(format) is Slot.Absent) return
        chosen = format
        usesPicked = false
        refusal = null
        changed()
    }

    /** Uses the picked file again, where there is one. */
    fun choosePicked() {
        if (usesPicked || picked is Slot.Absent) return
        usesPicked = true
        refusal = null
        changed()
    }

    /**
     * Reads a file and uses it from now on, in place of an earlier picked one; where it is refused, what was in
     * use stays so. Of several calls the last counts.
     *
     * @param unnamed what to call it while its name is not known.
     * @param read gives name and content; called once on [files].
     */
    fun pick(unnamed: String, read: () -> PickedFile) {
        val number = ++pick
        picking = true
        refusal = null
        changed()
        files.execute {
            val file = attempt(unnamed, read)
            background.execute {
                val slot = when (file) {
                    is Attempt.Done -> opened(file.value)
                    is Attempt.Failed -> Slot.Broken(file.problem)
                }
                main.post({ end(number, slot) })
            }
        }
    }

    /** Calls [listener] after every change, until [ignore]. */
    fun listen(listener: Runnable) {
        listeners.add(listener)
    }

    /** Ends [listen]. */
    fun ignore(listener: Runnable) {
        listeners.remove(listener)
    }

    private fun opened(file: PickedFile): Slot =
        slotOf(attempt(file.name) { opener.openPicked(file.bytes, file.name) })

    private fun end(number: Int, slot: Slot) {
        val unwanted: Slot
        if (number != pick) {
            unwanted = slot
        } else {
            picking = false
            if (slot is Slot.Ready) {
                unwanted = picked
                picked = slot
                pickedName = slot.classifier.file.name
                usesPicked = true
            } else {
                unwanted = Slot.Absent
                refusal = (slot as Slot.Broken).problem
            }
            changed()
        }
        // Behind whatever still waits to use it.
        if (unwanted is Slot.Ready) background.execute { unwanted.classifier.close() }
    }

    private fun load(format: Format) {
        val slot = slotOf(attempt(format.fileName) { opener.open(source.read(format), format) })
        main.post({
            slots[format] = slot
            changed()
        })
    }

    private fun slotOf(opened: Attempt<Classifier>): Slot = when (opened) {
        is Attempt.Done -> Slot.Ready(opened.value)
        is Attempt.Failed -> Slot.Broken(opened.problem)
    }

    private fun changed() = listeners.toList().forEach { it.run() }
}

private sealed class Attempt<out T> {
    class Done<T>(val value: T) : Attempt<T>()

    class Failed(val problem: Problem) : Attempt<Nothing>()
}

/** Whatever a file or its reader does, the app goes on. */
private inline fun <T> attempt(name: String, action: () -> T): Attempt<T> =
    try {
        Attempt.Done(action())
    } catch (problem: ModelException) {
        Attempt.Failed(Problem.of(problem, name))
    } catch (problem: IOException) {
        Attempt.Failed(Problem.of(problem, name))
    } catch (problem: LinkageError) {
        Attempt.Failed(Problem.of(problem, name))
    } catch (problem: OutOfMemoryError) {
        Attempt.Failed(Problem.of(problem, name))
    } catch (problem: RuntimeException) {
        Attempt.Failed(Problem.of(problem, name))
    }
