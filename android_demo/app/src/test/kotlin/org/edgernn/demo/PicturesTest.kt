package org.edgernn.demo

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Insets
import android.net.Uri
import android.view.View
import android.view.ViewGroup
import android.view.WindowInsets
import android.widget.EditText
import android.widget.ScrollView
import java.io.ByteArrayInputStream
import java.io.File
import org.edgernn.Format
import org.edgernn.LabelModels
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.GraphicsMode

/**
 * Draws each screen as people have it and compares it with what it looked like when somebody last looked; in Maven
 * with `-Ppictures`. With `-Dedgernn.renew=true` what is drawn becomes what is compared with.
 *
 * The models are a kilobyte each and answer the same for ever, so that no other file changes a picture.
 */
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class PicturesTest : PageTest() {
    private val differing = ArrayList<String>()

    @Test
    fun light() = look("light", "en-rUS-ldltr-w412dp-h915dp-port-notnight-hdpi")

    @Test
    fun dark() = look("dark", "en-rUS-ldltr-w412dp-h915dp-port-night-hdpi")

    @Test
    fun rightToLeft() = look("rtl", "ar-rEG-ldrtl-w412dp-h915dp-port-notnight-hdpi")

    @Test
    fun largeLetters() {
        RuntimeEnvironment.setFontScale(2f)
        look("large", "en-rUS-ldltr-w412dp-h915dp-port-notnight-hdpi")
    }

    @Test
    fun landscape() = look("landscape", "en-rUS-ldltr-w780dp-h360dp-land-notnight-hdpi")

    @Test
    fun small() = look("small", "en-rUS-ldltr-w320dp-h533dp-port-notnight-hdpi")

    @Test
    fun tablet() = look("tablet", "en-rUS-ldltr-w800dp-h1280dp-port-notnight-mdpi")

    /** Each language at a glance, where the letters are large: its words are whole. */
    @Test
    fun languages() {
        RuntimeEnvironment.setFontScale(1.5f)
        for (language in listOf("de", "fr", "es", "ja", "zh", "hi")) {
            forget()
            RuntimeEnvironment.setQualifiers("$language-ldltr-w360dp-h640dp-port-notnight-hdpi")
            twoLabels()
            picture(type(TEXT), "$language-result")
        }
        assertEquals(emptyList<String>(), differing)
    }

    /** What is scrolled away is not seen behind the clock of the status bar. */
    @Test
    fun nothingIsUnderTheStatusBar() {
        twoLabels()
        val bar = 40
        val page = open(MainActivity::class.java).get()
        val root = page.findViewById<ScrollView>(R.id.page)
        root.dispatchApplyWindowInsets(
            WindowInsets.Builder().setInsets(WindowInsets.Type.statusBars(), Insets.of(0, bar, 0, 0)).build(),
        )
        app.settle()
        root.scrollTo(0, 10_000)
        assertTrue("${root.scrollY}", root.scrollY > 2 * bar)
        val drawn = draw(page.window.decorView, page.window.decorView.height)
        val pixels = IntArray(drawn.width * bar)
        drawn.getPixels(pixels, 0, drawn.width, 0, 0, drawn.width, bar)
        assertEquals(setOf(page.getColor(R.color.page)), pixels.toSet())
    }

    private fun twoLabels(): Unit = use(LabelModels.onnx("threshold", listOf("negative", "positive")))

    private fun use(model: ByteArray) {
        Models.reset()
        Models.showsPick = true
        var now = 0L
        Models.clock = { now += 1_234_000; now }
        Models.files = mapOf(Format.ONNX to model)
        app.startAnew()
    }

    private fun type(text: String): MainActivity {
        val page = open(MainActivity::class.java).get()
        page.findViewById<EditText>(R.id.input).setText(text)
        app.settle()
        return page
    }

    private fun look(name: String, qualifiers: String) {
        RuntimeEnvironment.setQualifiers(qualifiers)
        twoLabels()
        picture(open(MainActivity::class.java).get(), "$name-empty")
        picture(type(TEXT), "$name-result")
        picture(type("$TEXT ".repeat(6)), "$name-long")
        picture(refused(), "$name-refused")
        val model = open(ModelActivity::class.java).get()
        model.tap(R.id.verify)
        picture(model, "$name-model")
        val benchmark = open(BenchmarkActivity::class.java).get()
        app.benchmark.start { Report(REPORT) }
        app.settle()
        picture(benchmark, "$name-benchmark")
        use(LabelModels.onnx("largest", MANY))
        val labels = type("When will card_arrival be?")
        picture(labels, "$name-labels")
        labels.tap(R.id.more)
        picture(open(LabelsActivity::class.java).get(), "$name-list")
        use(LabelModels.onnx("each", listOf("action", "comedy", "crime", "documentary", "drama", "war")))
        picture(type("A drama, rather documentary."), "$name-several")
        Models.files = emptyMap()
        app.startAnew()
        picture(open(MainActivity::class.java).get(), "$name-none")
        assertEquals("as in app/src/test/pictures", emptyList<String>(), differing)
    }

    private fun refused(): MainActivity {
        val page = type(TEXT)
        val address = Uri.parse("content://files/holiday.jpg")
        shadowOf(app.contentResolver).registerInputStream(address, ByteArrayInputStream(ByteArray(100)))
        page.tap(R.id.pick)
        val asked = shadowOf(page).nextStartedActivityForResult.intent
        shadowOf(page).receiveResult(asked, Activity.RESULT_OK, Intent().setData(address))
        app.settle()
        return page
    }

    /** Draws a page with all that it can be scrolled to. */
    private fun picture(page: Activity, name: String) {
        val root = page.findViewById<ViewGroup>(R.id.page)
        val whole = if (root is ScrollView) root.getChildAt(0) else root
        val bitmap = draw(whole, maxOf(whole.height, root.height))
        val folder = File(output, "pictures").apply { mkdirs() }
        File(folder, "$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        if (!SmallPicture.of(bitmap).isAsBefore(name)) differing.add(name)
    }

    private fun draw(view: View, height: Int): Bitmap {
        val bitmap = Bitmap.createBitmap(view.width, height, Bitmap.Config.ARGB_8888)
        bitmap.eraseColor(view.context.getColor(R.color.page))
        view.draw(Canvas(bitmap))
        return bitmap
    }

    private companion object {
        const val TEXT = "Slow at first, positive in the end: stay with it."

        /** As many as customers of a bank ask about, with names that no line break helps. */
        val MANY = listOf("card", "transfer", "cash", "top_up", "exchange", "refund", "fee", "pin", "account", "limit")
            .flatMap { thing ->
                listOf(
                    "arrival", "declined", "pending", "not_recognised", "delivery", "about", "wrong_amount", "cancelled",
                    "lost_or_stolen", "supported", "charged_twice", "activation", "by_country", "verification", "other",
                ).map { "${thing}_$it" }
            }

        /** Of a benchmark that nobody has to wait for. */
        const val REPORT = """{"rows": [
            {"runtime": "native", "model": {"name": "model.onnx"}, "problem": null, "latency": [
                {"tokens": 10, "p50_ms": 0.031}, {"tokens": 50, "p50_ms": 0.12}, {"tokens": 200, "p50_ms": 0.4567}]},
            {"runtime": "native", "model": {"name": "my-model-of-last-week.tflite"}, "problem": "out of order",
             "latency": []}]}"""
    }
}
