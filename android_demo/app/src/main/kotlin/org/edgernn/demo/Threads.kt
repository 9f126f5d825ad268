package org.edgernn.demo

import android.os.Handler
import android.os.Looper

/** The main thread, as far as the classes behind the pages need it. */
interface MainThread {
    /** Runs [task] on the main thread, [milliseconds] from now. */
    fun post(task: Runnable, milliseconds: Long = 0)

    /** Takes back what [post] was given, where it has not run yet. */
    fun cancel(task: Runnable)
}

/** The main thread of the app. */
class LooperThread : MainThread {
    private val handler = Handler(Looper.getMainLooper())

    override fun post(task: Runnable, milliseconds: Long) {
        handler.postDelayed(task, milliseconds)
    }

    override fun cancel(task: Runnable) = handler.removeCallbacks(task)
}
