package org.edgernn.demo

import java.io.IOException
import java.util.concurrent.Executor
import org.edgernn.ModelException

/**
 * Something that takes a while, such as a benchmark: started, told about, stopped. It outlives the page.
 *
 * All of it is called on the main thread; the task runs on [background].
 */
class Work<T : Any>(private val background: Executor, private val main: MainThread) {
    /** How far it is. */
    sealed class State<out T> {
        /** It was not started. */
        object Idle : State<Nothing>()

        /** It runs; [line] is the last thing it said, for people. */
        class Running(val line: String?) : State<Nothing>()

        /** It ended; [stopped] where it was told to, so that [value] may be a part. */
        class Done<T>(val value: T, val stopped: Boolean) : State<T>()

        /** It failed. */
        class Failed(val problem: Problem) : State<Nothing>()
    }

    @Volatile
    private var stopping = false

    /** How far it is. */
    var state: State<T> = State.Idle
        private set

    /** Called after every change. */
    var listener: Runnable? = null

    /** Whether it runs. */
    val running: Boolean
        get() = state is State.Running

    /**
     * Starts [task], unless one is running.
     *
     * @param task gets a function for one line of progress, which returns whether to go on.
     */
    fun start(task: (progress: (String) -> Boolean) -> T) {
        if (running) return
        stopping = false
        become(State.Running(null))
        background.execute {
            val ended = try {
                State.Done(task(::report), stopping)
            } catch (problem: ModelException) {
                State.Failed(Problem.of(problem))
            } catch (problem: IOException) {
                State.Failed(Problem.of(problem))
            } catch (problem: RuntimeException) {
                State.Failed(Problem.of(problem))
            }
            main.post({ become(ended) })
        }
    }

    /** Tells the task to end at its next line of progress. */
    fun stop() {
        stopping = true
    }

    private fun report(line: String): Boolean {
        main.post({ if (running) become(State.Running(line)) })
        return !stopping
    }

    private fun become(next: State<T>) {
        state = next
        listener?.run()
    }
}
