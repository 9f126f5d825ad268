package org.edgernn.demo

import android.content.Intent
import android.net.Uri
import android.os.Looper
import android.provider.OpenableColumns
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.io.File
import java.io.FileNotFoundException
import org.edgernn.Format
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf

class BenchmarkActivityTest : PageTest() {
    /** What the page says it measured: models, and of each a line for each length of text. */
    private fun lines(page: BenchmarkActivity): List<String> {
        val list = page.findViewById<ViewGroup>(R.id.result)
        check(list.isShown)
        return (0 until list.childCount).map { list.getChildAt(it) }.map { line ->
            val texts = if (line is ViewGroup) (0 until line.childCount).map { line.getChildAt(it) } else listOf(line)
            texts.joinToString(": ") { (it as TextView).text }
        }
    }

    @Suppress("DEPRECATION") // The typed way is of API level 33.
    private fun shared(page: BenchmarkActivity): Intent {
        page.tap(R.id.share)
        val chooser = shadowOf(page).nextStartedActivity
        assertEquals(Intent.ACTION_CHOOSER, chooser.action)
        return checkNotNull(chooser.getParcelableExtra(Intent.EXTRA_INTENT))
    }

    /** Both models are measured; the JSON is shared as text and as a file that the receiver may read. */
    @Test
    @Suppress("DEPRECATION")
    fun theReportIsMadeAndShared() {
        bothRuntimes()
        Robolectric.setupContentProvider(ReportProvider::class.java, "${app.packageName}.reports")
        val page = open(BenchmarkActivity::class.java).get()
        assertNull(page.shown(R.id.share))
        page.tap(R.id.start)
        val send = shared(page)
        val json = checkNotNull(send.getStringExtra(Intent.EXTRA_TEXT))
        val report = JSONObject(json)
        assertEquals("edgernn-bench", report.getString("format"))
        assertEquals(1, report.getInt("version"))
        val runtimes = (0 until 2).map { report.getJSONArray("rows").getJSONObject(it).getString("runtime") }
        assertEquals(listOf("onnxruntime", "tflite"), runtimes)
        assertTrue(report.getJSONObject("machine").getString("system").startsWith("Android 15 (API 35)"))
        output.mkdirs()
        File(output, "bench.json").writeText(json) // For `edgernn bench --merge` to try.
        val lines = lines(page)
        assertEquals(6, lines.size)
        assertEquals(listOf("model.onnx · ONNX Runtime", "model.onnx · TensorFlow Lite"), listOf(lines[0], lines[3]))
        assertTrue(lines[1], lines[1].matches(Regex("""5 tokens: \d+\.\d\d ms""")))

        assertEquals(Intent.ACTION_SEND, send.action)
        assertEquals("text/plain", send.type)
        val address: Uri = checkNotNull(send.getParcelableExtra(Intent.EXTRA_STREAM))
        assertEquals(address, send.clipData?.getItemAt(0)?.uri)
        assertNotEquals(0, send.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION)
        val bytes = checkNotNull(app.contentResolver.openInputStream(address)).use { it.readBytes() }
        assertEquals(json, String(bytes, Charsets.UTF_8))
        assertEquals("application/json", app.contentResolver.getType(address))
        checkNotNull(app.contentResolver.query(address, null, null, null, null)).use {
            assertTrue(it.moveToFirst())
            assertEquals(Report.NAME, it.getString(it.getColumnIndexOrThrow(OpenableColumns.DISPLAY_NAME)))
            assertEquals(bytes.size, it.getInt(it.getColumnIndexOrThrow(OpenableColumns.SIZE)))
        }
    }

    /** Nothing but the report, and nothing for writing, comes out of the provider. */
    @Test
    fun theProviderGivesNothingElse() {
        val provider = Robolectric.setupContentProvider(ReportProvider::class.java, "${app.packageName}.reports")
        Report("""{"rows": []}""").save(app)
        val report = ReportProvider.address(app)
        provider.openFile(report, "r").close()
        assertThrows(FileNotFoundException::class.java) { provider.openFile(report, "rw") }
        assertThrows(UnsupportedOperationException::class.java) { provider.delete(report, null, null) }
        for (path in listOf("..", "../../files/x", "x.json", "", "${Report.NAME}/..", "${Report.NAME}.part")) {
            val other = report.buildUpon().path(path).build()
            assertThrows(FileNotFoundException::class.java) { provider.openFile(other, "r") }
            assertNull(provider.query(other, null, null, null, null))
            assertNull(provider.getType(other))
        }
    }

    /** The manifest gives the provider to nobody but those with whom the user shares. */
    @Test
    fun theProviderIsNotExported() {
        val info = checkNotNull(app.packageManager.resolveContentProvider("${app.packageName}.reports", 0))
        assertFalse(info.exported)
        assertTrue(info.grantUriPermissions)
    }

    /** A report outlives a rotation; the app that has no model cannot start. */
    @Test
    fun rotationKeepsTheReport() {
        val controller = open(BenchmarkActivity::class.java)
        controller.get().tap(R.id.start)
        val lines = lines(controller.get())
        rotate(controller)
        assertEquals(lines, lines(controller.get()))
        assertNotNull(controller.get().shown(R.id.share))
    }

    /** While it runs it can be stopped, and what was measured until then is kept. */
    @Test
    fun itCanBeStopped() {
        val page = open(BenchmarkActivity::class.java).get()
        page.findViewById<View>(R.id.start).performClick()
        shadowOf(Looper.getMainLooper()).idle()
        assertTrue(page.findViewById<View>(R.id.stop).isEnabled)
        assertFalse(page.findViewById<View>(R.id.start).isEnabled)
        assertTrue(page.findViewById<View>(R.id.page).keepScreenOn)
        page.tap(R.id.stop)
        assertEquals(page.getString(R.string.benchmark_stopped), page.shown(R.id.progress))
        assertTrue(page.findViewById<View>(R.id.start).isEnabled)
        assertFalse(page.findViewById<View>(R.id.page).keepScreenOn)
    }

    /** Without a model that can be opened there is nothing to start, and the page says why. */
    @Test
    fun aBrokenFileCannotBeMeasured() {
        Models.files = mapOf(Format.ONNX to ByteArray(3))
        val page = open(BenchmarkActivity::class.java).get()
        assertFalse(page.findViewById<View>(R.id.start).isEnabled)
        assertEquals(page.getString(R.string.problem_file, "model.onnx"), page.shown(R.id.progress))
    }
}
