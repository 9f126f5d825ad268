package org.edgernn.demo

import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicInteger
import org.edgernn.Classifier
import org.edgernn.ModelException
import org.edgernn.Score
import org.edgernn.TextException

/**
 * A text that is longer than its model reads.
 *
 * @property read how many of its [tokens] count.
 * @property first whether those are the first of them, or the last.
 */
class Unread(val read: Int, val tokens: Int, val first: Boolean)

/** What the page shows for a text. */
sealed class Answer {
    /** Nothing has been asked. */
    object Nothing : Answer()

    /**
     * The text was scored.
     *
     * @property milliseconds from text to probability.
     * @property unread what of it the model does not read; null where it reads all.
     */
    class Scored(val score: Score, val milliseconds: Double, val unread: Unread? = null) : Answer()

    /** The text cannot be scored, or the runtime failed. */
    class Refused(val problem: Problem) : Answer()
}

/**
 * The text of a page and its answer. It outlives a rotation; the page that shows it changes.
 *
 * All of it is called on the main thread; texts are scored on [background], one after the other, the
 * newest alone.
 *
 * @param pause how many milliseconds a text rests before it is scored.
 * @param clock nanoseconds that go on.
 */
class ScoringModel(
    private val store: ModelStore,
    private val background: Executor,
    private val main: MainThread,
    private val pause: Long = 150,
    private val clock: () -> Long = System::nanoTime,
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
            val begin = clock()
            val score = classifier.score(typed)
            val milliseconds = (clock() - begin) / 1e6
            Answer.Scored(score, milliseconds, unread(typed, classifier))
        } catch (problem: TextException) {
            Answer.Refused(Problem.of(problem))
        } catch (problem: ModelException) {
            Answer.Refused(Problem.of(problem, classifier.file.name))
        } catch (problem: RuntimeException) {
            Answer.Refused(Problem.of(problem))
        }

    private fun unread(typed: String, classifier: Classifier): Unread? {
        val contract = classifier.file.contract
        val tokens = classifier.file.encoder.tokenCount(typed)
        if (tokens <= contract.maxLength) return null
        return Unread(contract.maxLength, tokens, first = contract.fields["cut"] == "end")
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
