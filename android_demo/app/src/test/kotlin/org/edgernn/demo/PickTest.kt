package org.edgernn.demo

import android.app.Activity
import android.content.Intent
import android.net.Uri
import android.view.View
import android.widget.EditText
import android.widget.RadioButton
import java.io.ByteArrayInputStream
import java.io.IOException
import java.io.InputStream
import org.edgernn.Format
import org.edgernn.LabelModels
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Shadows.shadowOf

/** A model of the phone's files, used at run time. */
class PickTest : PageTest() {
    private val address = Uri.parse("content://files/document/mine.onnx")

    @Before
    fun engine() {
        Models.withEngine = true
    }

    private fun pick(page: MainActivity, stream: InputStream?) {
        if (stream != null) shadowOf(app.contentResolver).registerInputStream(address, stream)
        page.tap(R.id.pick)
        val asked = shadowOf(page).nextStartedActivityForResult.intent
        assertEquals(Intent.ACTION_OPEN_DOCUMENT, asked.action)
        assertTrue(asked.hasCategory(Intent.CATEGORY_OPENABLE))
        shadowOf(page).receiveResult(asked, Activity.RESULT_OK, Intent().setData(address))
        app.settle()
    }

    /** A model of edgernn is opened, scores, is measured, and stays after a rotation; the app's own can be chosen again. */
    @Test
    fun aModelIsUsed() {
        val controller = open(MainActivity::class.java)
        controller.get().findViewById<EditText>(R.id.input).setText("A wonderful film.")
        app.settle()
        val answer = controller.get().shown(R.id.answer)
        pick(controller.get(), ByteArrayInputStream(Models.shipped))
        assertNull(controller.get().shown(R.id.refused_message))
        assertEquals("mine.onnx", controller.get().shown(R.id.runtime_picked))
        val picked = Models.opened.last()
        assertEquals("mine.onnx", picked.file.name)
        assertEquals(listOf("A wonderful film."), picked.texts.toList())
        assertEquals(answer, controller.get().shown(R.id.answer))
        assertEquals(2, app.store.ready.size)
        rotate(controller)
        val page = controller.get()
        assertTrue(page.findViewById<RadioButton>(R.id.runtime_picked).isChecked)
        page.tap(R.id.runtime_onnx)
        assertFalse(app.store.usesPicked || picked.isClosed)
        page.tap(R.id.runtime_picked)
        assertEquals("mine.onnx", app.store.currentName)
        pick(page, ByteArrayInputStream(Models.shipped))
        assertTrue("the next takes its place", picked.isClosed)
    }

    /** What is refused is said in people's words and in the library's; what was in use stays so. */
    @Test
    fun aRefusedFileIsAMessage() {
        val page = open(MainActivity::class.java).get()
        val files = mapOf(
            "no model".toByteArray() to R.string.problem_file,
            Models.shipped.copyOf(Models.shipped.size - 1) to R.string.problem_file,
            LabelModels.onnx("each", listOf("a", "b"), mapOf("version" to 99)) to R.string.problem_rules,
            // A graph that no export has, which edgernn's engine does not take.
            LabelModels.onnx("each", listOf("a", "b")) to R.string.problem_graph,
        )
        for ((bytes, message) in files) {
            pick(page, ByteArrayInputStream(bytes))
            assertEquals(page.getString(message, "mine.onnx"), page.shown(R.id.refused_message))
            assertEquals(app.store.refusal?.detail, page.shown(R.id.refused_detail))
            assertEquals("model.onnx stays in use.", page.shown(R.id.refused_kept))
            assertNull(page.shown(R.id.runtime_picked))
        }
        pick(page, object : InputStream() {
            override fun read(): Int = throw IOException("gone")
        })
        assertEquals("The chosen file cannot be read.", page.shown(R.id.refused_message))
        page.findViewById<EditText>(R.id.input).setText("A wonderful film.")
        app.settle()
        assertNotNull(page.shown(R.id.details))
        pick(page, ByteArrayInputStream(Models.shipped))
        assertFalse(page.findViewById<View>(R.id.refused).isShown)
    }

    /** An app without a model of its own takes one. */
    @Test
    fun anAppWithoutAModelTakesOne() {
        Models.files = emptyMap()
        val page = open(MainActivity::class.java).get()
        assertFalse(page.findViewById<View>(R.id.runtimes).isShown)
        pick(page, ByteArrayInputStream("no model".toByteArray()))
        assertNull(page.shown(R.id.refused_kept))
        pick(page, ByteArrayInputStream(Models.shipped))
        page.findViewById<EditText>(R.id.input).setText("A wonderful film.")
        app.settle()
        assertEquals(Models.opened.single().score("A wonderful film.").label, page.shown(R.id.answer))
    }

    /** Nothing is asked for where another runtime would open the file, which is safe with the app's own alone. */
    @Test
    fun onlyTheEngineTakesFilesFromAnywhere() {
        Models.withEngine = false
        assertFalse(open(MainActivity::class.java).get().findViewById<View>(R.id.pick).isShown)
    }

    /** Coming back without a file changes nothing. */
    @Test
    fun nothingPickedIsNoProblem() {
        val page = open(MainActivity::class.java).get()
        page.tap(R.id.pick)
        val asked = shadowOf(page).nextStartedActivityForResult.intent
        shadowOf(page).receiveResult(asked, Activity.RESULT_CANCELED, null)
        app.settle()
        assertNull(app.store.refusal)
        assertEquals(Format.ONNX, app.store.chosen)
    }

    /** A stream that goes on is read up to a limit, a name is one that can be shown. */
    @Test
    fun whatAnotherAppHandsOverIsBounded() {
        val endless = object : InputStream() {
            override fun read(): Int = 7
        }
        assertEquals(100_000, PickedFile.upTo(100_000, endless).size)
        assertArrayEquals(byteArrayOf(1, 2), PickedFile.upTo(100, ByteArrayInputStream(byteArrayOf(1, 2))))
        assertEquals("a b.onnx", PickedFile.clean(" a b\n\u202e.onnx"))
        assertEquals(80, PickedFile.clean("x".repeat(10_000)).length)
        assertEquals("\uD83D\uDE00".repeat(39) + "…", PickedFile.clean("\uD83D\uDE00".repeat(50)))
        assertEquals("?", PickedFile.clean("\u200b"))
    }
}
