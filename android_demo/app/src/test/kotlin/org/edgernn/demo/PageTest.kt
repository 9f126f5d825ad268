package org.edgernn.demo

import android.app.Activity
import android.content.Intent
import android.content.res.Configuration
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.io.File
import org.edgernn.Format
import org.junit.After
import org.junit.Before
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config

/** What the tests of the pages have in common: the app, a page that opens, and eyes. */
@RunWith(RobolectricTestRunner::class)
@Config(application = FakeApplication::class)
abstract class PageTest {
    protected val app: FakeApplication
        get() = RuntimeEnvironment.getApplication() as FakeApplication

    /** Where tests leave what others look at. */
    protected val output = File(System.getProperty("edgernn.output") ?: "build")

    @Before
    fun forget() = Models.reset()

    @After
    fun end() {
        Models.opened.forEach { it.close() }
    }

    /** Opens a page and waits until it has nothing to do. */
    protected fun <T : Activity> open(page: Class<T>, intent: Intent? = null): ActivityController<T> {
        val controller = Robolectric.buildActivity(page, intent ?: Intent(app, page)).setup()
        app.settle()
        return controller
    }

    /** Turns the phone. */
    protected fun <T : Activity> rotate(controller: ActivityController<T>) {
        val before = controller.get()
        RuntimeEnvironment.setQualifiers("+land")
        controller.recreate()
        app.settle()
        check(controller.get() !== before) { "the page was not made again" }
        check(controller.get().resources.configuration.orientation == Configuration.ORIENTATION_LANDSCAPE)
    }

    protected fun bothRuntimes() {
        Models.files = mapOf(Format.ONNX to Models.shipped, Format.TFLITE to Models.shipped)
    }

    protected fun Activity.shown(id: Int): String? {
        val view = findViewById<TextView>(id)
        return if (view.isShown) view.text.toString() else null
    }

    protected fun Activity.tap(id: Int) {
        check(findViewById<View>(id).isEnabled) { "cannot be tapped" }
        findViewById<View>(id).performClick()
        app.settle()
    }

    /** All views of a page that can be seen. */
    protected fun Activity.views(): List<View> = below(window.decorView).filter { it.isShown }

    private fun below(view: View): List<View> =
        listOf(view) + ((view as? ViewGroup)?.let { group -> (0 until group.childCount).flatMap { below(group.getChildAt(it)) } }
            ?: emptyList())
}
