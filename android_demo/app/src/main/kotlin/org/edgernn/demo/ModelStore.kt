package org.edgernn.demo

import java.io.IOException
import java.util.EnumMap
import java.util.concurrent.Executor
import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.ModelException

/** What has become of the model file of one format. */
sealed class Slot {
    /** The app has no such file. */
    object Absent : Slot()

    /** It is being read. */
    object Opening : Slot()

    /** It can score texts. */
    class Ready(val classifier: Classifier) : Slot()

    /** It was refused; [message] says why. */
    class Broken(val message: String) : Slot()
}

/**
 * The models of the app, opened once in its process, and which of them is in use.
 *
 * All of it is called on the main thread; files are read on [background].
 *
 * @param open makes a classifier of a file; the message of a [ModelException] that it throws is that
 *   of [Slot.Broken].
 * @param explain the message for whatever else goes wrong with a file; called on [background].
 */
class ModelStore(
    private val source: ModelSource,
    private val open: (ByteArray, Format) -> Classifier,
    private val background: Executor,
    private val main: MainThread,
    private val explain: (Format, Throwable) -> String = { format, problem -> "${format.fileName}: $problem" },
) {
    private val slots = EnumMap<Format, Slot>(Format::class.java)
    private val listeners = LinkedHashSet<Runnable>()

    /** The format in use; null where the app has no model. */
    var chosen: Format? = null
        private set

    /** The slot in use. */
    val current: Slot
        get() = chosen?.let(::slot) ?: Slot.Absent

    /** The classifiers that are ready, ONNX first. */
    val ready: List<Classifier>
        get() = slots.values.filterIsInstance<Slot.Ready>().map { it.classifier }

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
        if (format == chosen || slot(format) is Slot.Absent) return
        chosen = format
        changed()
    }

    /** Calls [listener] after every change, until [ignore]. */
    fun listen(listener: Runnable) {
        listeners.add(listener)
    }

    /** Ends [listen]. */
    fun ignore(listener: Runnable) {
        listeners.remove(listener)
    }

    private fun load(format: Format) {
        val slot = try {
            Slot.Ready(open(source.read(format), format))
        } catch (problem: ModelException) {
            Slot.Broken(problem.message.orEmpty())
        } catch (problem: IOException) {
            Slot.Broken(explain(format, problem))
        } catch (problem: LinkageError) {
            Slot.Broken(explain(format, problem))
        } catch (problem: OutOfMemoryError) {
            Slot.Broken(explain(format, problem))
        } catch (problem: RuntimeException) {
            Slot.Broken(explain(format, problem))
        }
        main.post({
            slots[format] = slot
            changed()
        })
    }

    private fun changed() = listeners.toList().forEach { it.run() }
}
