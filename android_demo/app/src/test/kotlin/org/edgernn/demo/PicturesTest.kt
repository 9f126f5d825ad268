package org.edgernn.demo

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import android.widget.EditText
import java.io.File
import org.edgernn.Format
import org.edgernn.LabelModels
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.GraphicsMode

/** Draws each page, light and dark, for people to look at; in Maven with `-Ppictures`. */
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class PicturesTest : PageTest() {
    @Test
    fun light() = draw("light", "w412dp-h915dp-notnight-xhdpi")

    @Test
    fun dark() = draw("dark", "w412dp-h915dp-night-xhdpi")

    @Test
    fun landscape() = draw("landscape", "w780dp-h360dp-land-notnight-xhdpi")

    @Test
    fun labels() {
        drawLabels("light", "w412dp-h915dp-notnight-xhdpi")
        drawLabels("dark", "w412dp-h915dp-night-xhdpi")
    }

    private fun drawLabels(name: String, qualifiers: String) {
        RuntimeEnvironment.setQualifiers(qualifiers)
        val genres = listOf("action", "comedy", "crime", "documentary", "drama", "horror", "music", "war")
        Models.files = mapOf(Format.ONNX to LabelModels.onnx("each", genres))
        val main = open(MainActivity::class.java).get()
        for ((about, text) in listOf("several" to "A drama with music.", "none" to "Nothing of the kind.")) {
            main.findViewById<EditText>(R.id.input).setText(text)
            app.settle()
            picture(main, "$name-labels-$about")
        }
    }

    private fun draw(name: String, qualifiers: String) {
        RuntimeEnvironment.setQualifiers(qualifiers)
        val main = open(MainActivity::class.java).get()
        picture(main, "$name-empty")
        main.findViewById<EditText>(R.id.input).setText(main.resources.getStringArray(R.array.samples)[0])
        app.settle()
        picture(main, "$name-positive")
        main.findViewById<EditText>(R.id.input).setText(main.resources.getStringArray(R.array.samples)[1])
        app.settle()
        picture(main, "$name-negative")
        val model = open(ModelActivity::class.java).get()
        model.tap(R.id.verify)
        picture(model, "$name-model")
        val benchmark = open(BenchmarkActivity::class.java).get()
        benchmark.tap(R.id.start)
        picture(benchmark, "$name-benchmark")
    }

    private fun picture(page: Activity, name: String) {
        val root: View = page.window.decorView
        val bitmap = Bitmap.createBitmap(root.width, root.height, Bitmap.Config.ARGB_8888)
        root.draw(Canvas(bitmap))
        val folder = File(output, "pictures").apply { mkdirs() }
        val file = File(folder, "$name.png")
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        assertTrue(file.length() > 1000)
    }
}
