package org.edgernn.demo

import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.ListView
import android.widget.ProgressBar
import android.widget.TextView
import kotlin.math.abs
import org.edgernn.Format
import org.edgernn.LabelModels
import org.edgernn.Score
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf

/** The page of a model with other than one of two labels. */
class LabelsTest : PageTest() {
    private val genres = listOf("comedy", "drama", "music", "war")

    private fun with(decision: String, labels: List<String>, changes: Map<String, Any?> = emptyMap()) {
        Models.files = mapOf(Format.ONNX to LabelModels.onnx(decision, labels, changes))
    }

    private fun MainActivity.type(text: String) {
        findViewById<EditText>(R.id.input).setText(text)
        app.settle()
    }

    private fun MainActivity.rows(): List<View> {
        val list = findViewById<ViewGroup>(R.id.labels)
        return (0 until list.childCount).map { list.getChildAt(it) }.filter { it.isShown }
    }

    private fun MainActivity.names() = rows().map { it.findViewById<TextView>(R.id.label_name).text.toString() }

    private fun MainActivity.spoken() = findViewById<View>(R.id.answer).contentDescription.toString()

    /** Of many labels the likeliest are bars; a button opens the list of all. */
    @Test
    fun manyLabels() {
        val labels = List(40) { "label$it" }
        with("largest", labels)
        val controller = open(MainActivity::class.java)
        val page = controller.get()
        assertNull(page.shown(R.id.more))
        page.type("label7 label7 label9")
        assertEquals("label7", page.shown(R.id.answer))
        assertEquals(listOf("✓ label7", "label9", "label0", "label1", "label2"), page.names())
        val expected = LabelModels.probabilities("largest", labels, listOf(7, 7, 9))
        for ((row, label) in page.rows().zip(listOf(7, 9, 0, 1, 2))) {
            val percent = page.percent(expected[label])
            assertEquals(percent, row.findViewById<TextView>(R.id.label_percent).text.toString())
            val bar = row.findViewById<ProgressBar>(R.id.label_bar)
            assertTrue("${bar.progress}", abs(bar.progress - expected[label] * bar.max) <= 0.6)
        }
        assertTrue(page.spoken(), page.spoken().startsWith("label7, ") && page.spoken().endsWith("%"))
        assertNull("no bar between two labels", page.findViewById<View>(R.id.probability).takeIf { it.isShown })
        assertTrue(page.shown(R.id.details).orEmpty().matches(Regex("""3 tokens · \d+\.\d ms""")))
        assertEquals("Show all 40 labels", page.shown(R.id.more))
        page.tap(R.id.more)
        assertEquals(LabelsActivity::class.java.name, shadowOf(page).nextStartedActivity.component?.className)
        rotate(controller)
        assertEquals(5, controller.get().rows().size)
        controller.get().type("label3")
        assertEquals("✓ label3", controller.get().names()[0])
        controller.get().tap(R.id.clear)
        assertEquals(emptyList<View>(), controller.get().rows())
        assertNull(controller.get().shown(R.id.more))
    }

    /** The list has all labels, the likeliest first, in as many views as fit the screen. */
    @Test
    fun allLabels() {
        val names = List(150) { "label$it" }
        val probabilities = List(150) { if (it == 77) 0.255f else 0.005f }
        app.listed = Score(names, listOf("label77"), "label77", 0.255, probabilities, null, false, 3)
        val controller = open(LabelsActivity::class.java)
        val page = controller.get()
        assertEquals("150 labels", page.shown(R.id.title))
        val list = page.findViewById<ListView>(R.id.labels)
        assertEquals(150, list.adapter.count)
        assertEquals("label77", list.adapter.getItem(0))
        assertEquals("label149", list.adapter.getItem(149))
        assertTrue("${list.childCount}", list.childCount < 30)
        val first = list.getChildAt(0)
        assertEquals("✓ label77", first.findViewById<TextView>(R.id.label_name).text.toString())
        assertEquals("label77, 25.5%, given", first.contentDescription.toString())
        // A view that showed another label shows the whole of its own.
        val used = list.adapter.getView(149, first, list)
        assertEquals("label149, 0.5%", used.contentDescription.toString())
        page.tap(R.id.back)
        assertTrue(page.isFinishing)
        app.listed = null
        assertTrue("nothing is known of it any more", open(LabelsActivity::class.java).get().isFinishing)
    }

    /** Several labels are all named, the likeliest first, and marked among the bars. */
    @Test
    fun severalLabels() {
        with("each", genres)
        val page = open(MainActivity::class.java).get()
        page.type("a comedy of war")
        assertEquals("war, comedy", page.shown(R.id.answer))
        assertEquals(listOf("✓ war", "✓ comedy", "drama", "music"), page.names())
        assertNull("four bars are no more than a few", page.shown(R.id.more))
        val parts = page.spoken().split("; ")
        assertTrue("$parts", parts[0].startsWith("war, ") && parts[1].startsWith("comedy, "))
        page.type("a play")
        assertEquals(page.getString(R.string.no_label), page.shown(R.id.answer))
        assertEquals(genres, page.names())
        assertTrue(page.spoken(), page.spoken().startsWith("No label. The likeliest is comedy, "))
    }

    /** More labels than fit a line are counted. */
    @Test
    fun aLongAnswerIsCut() {
        val labels = List(9) { "label$it" }
        with("each", labels)
        val page = open(MainActivity::class.java).get()
        page.type(labels.joinToString(" "))
        assertEquals("label8, label7, label6, label5, label4 and 4 more", page.shown(R.id.answer))
    }

    private fun unsure(decision: String, labels: List<String>): MainActivity {
        with(decision, labels, mapOf("none_below" to 0.75))
        val page = open(MainActivity::class.java).get()
        page.type("a play")
        assertEquals(page.getString(R.string.no_label), page.shown(R.id.answer))
        assertEquals(page.getColor(R.color.text_quiet), page.findViewById<TextView>(R.id.answer).currentTextColor)
        assertTrue(page.spoken(), page.spoken().startsWith("No label. ") && page.spoken().contains('%'))
        return page
    }

    /** Of many labels, one that is not likely enough is not given. */
    @Test
    fun noLabelOfMany() = assertEquals(genres, unsure("largest", genres).names())

    /** Nor of two, which keep their bar. */
    @Test
    fun noLabelOfTwo() {
        val page = unsure("threshold", genres.take(2))
        assertTrue(page.findViewById<View>(R.id.probability).isShown)
        assertEquals("comedy", page.shown(R.id.first_label))
        page.type("drama, drama")
        assertEquals("drama", page.shown(R.id.answer))
        assertEquals(page.getColor(R.color.label_second), page.findViewById<TextView>(R.id.answer).currentTextColor)
    }

    /** A screen reader takes each bar as one thing: name, share, whether it is given. */
    @Test
    fun barsAreSpoken() {
        with("each", List(9) { "label$it" })
        val page = open(MainActivity::class.java).get()
        page.type("label1")
        val spoken = page.rows().map { it.contentDescription.toString() }
        assertTrue("$spoken", spoken[0].matches(Regex("""label1, [\d.]+%, given""")))
        assertTrue("$spoken", spoken.drop(1).all { it.matches(Regex("""label\d, [\d.]+%""")) })
        assertTrue(page.rows().all { it.isFocusable })
        val hidden = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
        for (row in page.rows()) {
            val texts = row.findViewById<View>(R.id.label_name).parent as View
            assertEquals(hidden, texts.importantForAccessibility)
        }
        val more = page.findViewById<Button>(R.id.more)
        val least = 48 * page.resources.displayMetrics.density
        assertTrue("${more.width} x ${more.height}", minOf(more.width, more.height) >= least)
    }
}
