package org.edgernn.demo

import android.app.Activity
import android.content.pm.PackageManager
import android.graphics.Color
import android.graphics.Insets
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.view.WindowInsets
import android.widget.AdapterView
import android.widget.EditText
import android.widget.TextView
import java.util.concurrent.CountDownLatch
import org.edgernn.Score
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

class AccessibilityTest : PageTest() {
    private val pages = listOf(
        MainActivity::class.java,
        ModelActivity::class.java,
        BenchmarkActivity::class.java,
        LabelsActivity::class.java,
    )

    @Before
    fun listLabels() {
        app.listed = Score(listOf("one", "two", "three"), listOf("one"), "one", 0.5, listOf(0.5f, 0.3f, 0.2f), null, false, 3)
    }

    /** The pages with everything on them that they can show. */
    private fun full(page: Class<out Activity>): Activity {
        val activity = open(page).get()
        activity.findViewById<EditText>(R.id.input)?.let {
            it.setText(activity.resources.getStringArray(R.array.samples)[0])
            app.settle()
        }
        listOf(R.id.verify, R.id.start).forEach { if (activity.findViewById<View>(it) != null) activity.tap(it) }
        return activity
    }

    private fun name(view: View): String = if (view.id == View.NO_ID) "$view" else view.resources.getResourceEntryName(view.id)

    /** What can be tapped has a label and is at least 48 dp each way. */
    @Test
    fun whatCanBeTappedIsLabelledAndLargeEnough() {
        bothRuntimes()
        var tappable = 0
        for (page in pages) {
            val activity = full(page)
            val least = 48 * activity.resources.displayMetrics.density
            // A list takes taps for its rows, which do nothing here.
            for (view in activity.views().filter { it.isClickable && it !is AdapterView<*> }) {
                tappable++
                val label = view.contentDescription ?: (view as? TextView)?.let { it.text.ifEmpty { it.hint } }
                assertTrue("${name(view)} has no label", !label.isNullOrBlank())
                assertTrue("${name(view)} is ${view.width} x ${view.height}", minOf(view.width, view.height) >= least)
            }
        }
        assertTrue("$tappable", tappable >= 16)
    }

    /** Answers and messages are spoken when they change; the field knows its label; the bar its value. */
    @Test
    fun changesAreSpoken() {
        val live = mapOf(
            MainActivity::class.java to listOf(R.id.answer, R.id.cut),
            ModelActivity::class.java to listOf(R.id.verified, R.id.problem),
            BenchmarkActivity::class.java to listOf(R.id.progress),
        )
        for ((page, views) in live) {
            val activity = open(page).get()
            for (id in views) {
                val region = activity.findViewById<View>(id).accessibilityLiveRegion
                assertEquals(View.ACCESSIBILITY_LIVE_REGION_POLITE, region)
            }
        }
        val main = full(MainActivity::class.java)
        assertTrue(main.views().any { it.labelFor == R.id.input })
        val spoken = main.findViewById<View>(R.id.answer).contentDescription.toString()
        assertTrue(spoken, spoken.startsWith(main.shown(R.id.answer).orEmpty()) && spoken.contains('%'))
        assertTrue(main.findViewById<View>(R.id.probability).contentDescription.contains('%'))
    }

    /** Of a benchmark the beginning and the end are spoken, not the rounds between them. */
    @Test
    fun roundsAreNotSpoken() {
        val page = open(BenchmarkActivity::class.java).get()
        val told = CountDownLatch(1)
        val ended = CountDownLatch(1)
        app.benchmark.start { progress ->
            progress("round 1")
            told.countDown()
            ended.await()
            Report("""{"rows": []}""")
        }
        val line = page.findViewById<View>(R.id.progress)
        assertEquals(page.getString(R.string.benchmark_running), page.shown(R.id.progress))
        assertEquals(View.ACCESSIBILITY_LIVE_REGION_POLITE, line.accessibilityLiveRegion)
        told.await()
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(page.getString(R.string.benchmark_running), page.shown(R.id.progress))
        assertEquals("round 1", page.shown(R.id.step))
        assertEquals(View.ACCESSIBILITY_LIVE_REGION_NONE, page.findViewById<View>(R.id.step).accessibilityLiveRegion)
        ended.countDown()
        app.settle()
        assertEquals(page.getString(R.string.benchmark_done), page.shown(R.id.progress))
        assertNull(page.shown(R.id.step))
    }

    /** Nothing lies under status bar, navigation bar, camera hole or keyboard. */
    @Test
    fun pagesAreKeptClearOfBarsAndKeyboard() {
        for (page in pages) {
            val root = open(page).get().findViewById<View>(R.id.page)
            val insets = WindowInsets.Builder()
                .setInsets(WindowInsets.Type.statusBars(), Insets.of(0, 30, 0, 0))
                .setInsets(WindowInsets.Type.navigationBars(), Insets.of(0, 0, 0, 20))
                .setInsets(WindowInsets.Type.displayCutout(), Insets.of(15, 0, 0, 0))
                .setInsets(WindowInsets.Type.ime(), Insets.of(0, 0, 0, 400))
                .build()
            root.dispatchApplyWindowInsets(insets)
            val padding = listOf(root.paddingLeft, root.paddingTop, root.paddingRight, root.paddingBottom)
            assertEquals(listOf(15, 30, 0, 400), padding)
            root.dispatchApplyWindowInsets(WindowInsets.Builder().build())
            assertEquals("and given back", 0, root.paddingBottom)
        }
    }

    /** Where the letters are twice as large nothing that can be tapped is lost. */
    @Test
    fun largeLettersFit() {
        RuntimeEnvironment.setFontScale(2f)
        for (page in pages) {
            val activity = full(page)
            val content = (activity.findViewById<ViewGroup>(R.id.page)).getChildAt(0)
            for (view in activity.views().filter { it.isClickable }) {
                assertTrue(name(view), view.width in 1..content.width && view.height > 0)
            }
        }
    }

    /** Light and dark, each text has a contrast of at least 4.5:1 to what it stands on (WCAG 2, AA). */
    @Test
    fun colorsHaveContrast() {
        val pairs = listOf("page", "card").flatMap { ground ->
            listOf("text", "text_quiet", "accent", "label_first", "label_second", "problem").map { it to ground }
        } + listOf("on_accent" to "accent", "text_quiet" to "track")
        for (mode in listOf("notnight", "night")) {
            RuntimeEnvironment.setQualifiers("+$mode")
            for ((text, ground) in pairs) {
                val contrast = contrast(color(text), color(ground))
                assertTrue("$mode: $text on $ground has $contrast", contrast >= 4.5)
            }
        }
        // Bars are no text: 3:1 is enough.
        for (bar in listOf("accent", "text_quiet", "label_first", "label_second")) {
            for (mode in listOf("notnight", "night")) {
                RuntimeEnvironment.setQualifiers("+$mode")
                val contrast = contrast(color(bar), color("track"))
                assertTrue("$mode: a bar of $bar has $contrast", contrast >= 3)
            }
        }
        RuntimeEnvironment.setQualifiers("+notnight")
        val light = color("page")
        RuntimeEnvironment.setQualifiers("+night")
        assertTrue("dark is another theme", light != color("page"))
    }

    private fun color(name: String): Int =
        app.getColor(app.resources.getIdentifier(name, "color", app.packageName))

    private fun contrast(one: Int, other: Int): Double {
        val (low, high) = listOf(luminance(one), luminance(other)).sorted()
        return (high + 0.05) / (low + 0.05)
    }

    private fun luminance(color: Int): Double = Color.luminance(color).toDouble()

    /** The app asks for no permission: texts cannot leave the phone through it. */
    @Test
    fun noPermissionIsAskedFor() {
        val asked = app.packageManager.getPackageInfo(app.packageName, PackageManager.GET_PERMISSIONS)
        assertEquals(emptyList<String>(), asked.requestedPermissions.orEmpty().toList())
    }
}
