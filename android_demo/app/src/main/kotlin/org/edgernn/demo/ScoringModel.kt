package org.edgernn.demo

import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicInteger
import org.edgernn.Classifier
import org.edgernn.ModelException
import org.edgernn.Score
import org.edgernn.TextException

/** What the page shows for a text. */
sealed class Answer {
    /** Nothing has been asked. */
    object Nothing : Answer()

    /**
     * The text was scored.
     *
     * @property milliseconds from text to probability.
     */
    class Scored(val score: Score, val milliseconds: Double) : Answer()

    /** The text cannot be scored, or the runtime failed; [message] says why. */
    class Refused(val message: String) : Answer()
}

/**
 * The text of a page and its answer. It outlives a rotation; the page that shows it changes.
 *
 * All of it is called on the main thread; texts are scored on [background], one after the other, the
 * newest alone.
 *
 * @param pause how many milliseconds a text rests before it is scored.
 */
class ScoringModel(
    private val store: ModelStore,
    private val background: Executor,
    private val main: MainThread,
    private val pause: Long = 150,
) {
    private val newest = AtomicInteger()
    private val rested = Runnable { score() }
    private val modelChanged = Runnable { if (text.isNotEmpty()) score() else changed() }

    /** What was typed last. */
    var text: String = ""
        private set

    /** The answer to [text], or where [pending] to an older one. */
    var answer: Answer = Answer.Nothing
        private set

    /** Whether the answer to [text] is still to come. */
    var pending: Boolean = false
        private set

    /** How many labels the page shows at most. */
    var shownLabels: Int = LabelBars.FEW

    /** Called after every change. */
    var listener: Runnable? = null

    init {
        store.listen(modelChanged)
    }

    /** Takes a text; its answer comes once nothing has been typed for a moment. */
    fun type(typed: String) {
        if (typed == text) return
        text = typed
        newest.incrementAndGet()
        main.cancel(rested)
        if (typed.isEmpty()) {
            show(Answer.Nothing)
        } else {
            pending = true
            changed()
            main.post(rested, pause)
        }
    }

    /** Ends it: nothing is scored or told from now on. */
    fun close() {
        listener = null
        newest.incrementAndGet()
        main.cancel(rested)
        store.ignore(modelChanged)
    }

    private fun score() {
        val asked = newest.incrementAndGet()
        val typed = text
        main.cancel(rested)
        val slot = store.current
        if (slot is Slot.Ready) {
            pending = true
            changed()
            background.execute {
                // Something newer was typed while this waited: nobody wants its answer.
                if (asked == newest.get()) {
                    val found = answerTo(typed, slot.classifier)
                    main.post({ if (asked == newest.get()) show(found) })
                }
            }
        } else {
            // While it opens there is nothing to do: the store tells when it is ready.
            pending = slot is Slot.Opening
            answer = Answer.Nothing
            changed()
        }
    }

    private fun answerTo(typed: String, classifier: Classifier): Answer =
        try {
            val begin = System.nanoTime()
            val score = classifier.score(typed)
            val milliseconds = (System.nanoTime() - begin) / 1e6
            Answer.Scored(score, milliseconds)
        } catch (problem: TextException) {
            Answer.Refused(problem.message.orEmpty())
        } catch (problem: ModelException) {
            Answer.Refused(problem.message.orEmpty())
        } catch (problem: RuntimeException) {
            Answer.Refused(problem.toString())
        }

    private fun show(found: Answer) {
        answer = found
        pending = false
        changed()
    }

    private fun changed() {
        listener?.run()
    }
}
