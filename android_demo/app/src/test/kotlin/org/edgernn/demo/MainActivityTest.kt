package org.edgernn.demo

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.EditText
import android.widget.ProgressBar
import android.widget.RadioButton
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CountDownLatch
import kotlin.math.roundToInt
import org.edgernn.Format
import org.edgernn.Score
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowToast

class MainActivityTest : PageTest() {
    private fun MainActivity.type(text: String) {
        findViewById<EditText>(R.id.input).setText(text)
        app.settle()
    }

    private fun MainActivity.typed() = findViewById<EditText>(R.id.input).text.toString()

    private fun expected(text: String): Score = Models.opened.first().score(text)

    /** The model of the assets gives the label, its probability and the time of what was typed. */
    @Test
    fun typingGivesAResult() {
        val page = open(MainActivity::class.java).get()
        assertEquals(page.getString(R.string.nothing_typed), page.shown(R.id.answer))
        for (text in listOf(GOOD, BAD)) {
            page.type(text)
            val score = expected(text)
            assertEquals(score.label, page.shown(R.id.answer))
            val details = page.shown(R.id.details).orEmpty()
            assertTrue(details, details.contains(Regex("""\d+\.\d ms$""")))
            assertTrue(details, details.contains("${score.tokens} tokens"))
            val probability = checkNotNull(score.probability)
            assertTrue(details, details.contains("%.1f".format(probability * 100).removeSuffix(".0") + "%"))
            val bar = page.findViewById<ProgressBar>(R.id.probability)
            assertEquals((probability * bar.max).roundToInt(), bar.progress)
            assertFalse(page.findViewById<View>(R.id.labels).isShown || page.findViewById<View>(R.id.more).isShown)
        }
        assertNotEquals(expected(GOOD).label, expected(BAD).label)
    }

    /** Of quick typing only the last text is scored, and not on the main thread. */
    @Test
    fun typingIsDebouncedAndOffTheMainThread() {
        val page = open(MainActivity::class.java).get()
        val input = page.findViewById<EditText>(R.id.input)
        for (end in 1..GOOD.length) input.setText(GOOD.substring(0, end))
        app.settle()
        val model = Models.opened.single()
        assertEquals(listOf(GOOD), model.texts.toList())
        assertEquals(listOf("edgernn"), model.threadNames.toList())
    }

    /** An emptied field takes the answer away. */
    @Test
    fun clearTakesTheAnswerAway() {
        val page = open(MainActivity::class.java).get()
        page.type(GOOD)
        page.tap(R.id.clear)
        assertEquals("", page.typed())
        assertEquals(page.getString(R.string.nothing_typed), page.shown(R.id.answer))
        assertNull(page.shown(R.id.details))
    }

    /** A text that cannot be scored is said to be so, and the next one is scored. */
    @Test
    fun aTextOfNothingIsAnError() {
        val page = open(MainActivity::class.java).get()
        page.type(" \n ")
        assertEquals("The text is empty.", page.shown(R.id.answer))
        page.type("\u200b")
        assertEquals(page.getString(R.string.problem_no_tokens), page.shown(R.id.answer))
        assertNull(page.shown(R.id.details))
        page.type(GOOD)
        assertEquals(expected(GOOD).label, page.shown(R.id.answer))
    }

    /** A runtime that fails is a message, not a crash. */
    @Test
    fun aFailingRuntimeIsAMessage() {
        val page = open(MainActivity::class.java).get()
        Models.opened.single().failure = IllegalStateException("out of order")
        page.type(GOOD)
        assertEquals(page.getString(R.string.problem_other), page.shown(R.id.answer))
        assertTrue(page.shown(R.id.details).orEmpty().contains("out of order"))
    }

    /** Text, answer and runtime are there after a rotation, and nothing is scored again. */
    @Test
    fun rotationKeepsEverything() {
        bothRuntimes()
        val controller = open(MainActivity::class.java)
        controller.get().type(GOOD)
        controller.get().tap(R.id.runtime_tflite)
        val before = controller.get()
        val answer = before.shown(R.id.answer)
        val details = before.shown(R.id.details)
        val calls = Models.opened.sumOf { it.texts.size }
        rotate(controller)
        val after = controller.get()
        assertFalse(before === after)
        assertEquals(GOOD, after.typed())
        assertEquals(answer, after.shown(R.id.answer))
        assertEquals("even the time, so it is the same answer", details, after.shown(R.id.details))
        assertEquals(calls, Models.opened.sumOf { it.texts.size })
        assertTrue(after.findViewById<RadioButton>(R.id.runtime_tflite).isChecked)
        after.type(BAD)
        assertEquals(expected(BAD).label, after.shown(R.id.answer))
    }

    /** A text that is typed and not scored yet when the phone is turned is scored on the new page. */
    @Test
    fun rotationKeepsWhatIsPending() {
        val controller = open(MainActivity::class.java)
        controller.get().findViewById<EditText>(R.id.input).setText(GOOD)
        rotate(controller)
        assertEquals(expected(GOOD).label, controller.get().shown(R.id.answer))
    }

    /** A page that the system ended and made again scores its text again. */
    @Test
    fun aNewProcessScoresTheKeptText() {
        val first = open(MainActivity::class.java)
        first.get().type(GOOD)
        val kept = Bundle()
        first.saveInstanceState(kept).pause().stop().destroy()
        val page = Robolectric.buildActivity(MainActivity::class.java).setup(kept).get()
        app.settle()
        assertEquals(GOOD, page.typed())
        assertEquals(expected(GOOD).label, page.shown(R.id.answer))
    }

    /** A tapped sample is put into the field and scored. */
    @Test
    fun samplesCanBeTapped() {
        val page = open(MainActivity::class.java).get()
        val samples = page.resources.getStringArray(R.array.samples)
        val list = page.findViewById<ViewGroup>(R.id.samples)
        assertEquals(samples.size, list.childCount)
        for ((index, sample) in samples.withIndex()) {
            list.getChildAt(index).performClick()
            app.settle()
            assertEquals(sample, page.typed())
            assertEquals(expected(sample).label, page.shown(R.id.answer))
        }
    }

    private fun share(text: CharSequence?) = Intent(app, MainActivity::class.java)
        .setAction(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, text)

    /** A text that another app shares is scored, also into a page that is open. */
    @Test
    fun sharedTextIsScored() {
        val controller = open(MainActivity::class.java, share(GOOD))
        assertEquals(GOOD, controller.get().typed())
        assertEquals(expected(GOOD).label, controller.get().shown(R.id.answer))
        controller.newIntent(share(BAD))
        app.settle()
        assertEquals(BAD, controller.get().typed())
        assertEquals(expected(BAD).label, controller.get().shown(R.id.answer))
    }

    /** After a rotation the shared text is not put over what was typed since. */
    @Test
    fun sharedTextIsTakenOnce() {
        val controller = open(MainActivity::class.java, share(GOOD))
        controller.get().type(BAD)
        rotate(controller)
        assertEquals(BAD, controller.get().typed())
    }

    /** A huge text is cut to its limit, between characters, and the page says so. */
    @Test
    fun sharedTextIsBounded() {
        val page = open(MainActivity::class.java, share("a" + "\uD83D\uDE00".repeat(50_000))).get()
        assertEquals(MainActivity.MOST_CHARACTERS - 1, page.typed().length)
        assertFalse(page.typed().last().isHighSurrogate())
        assertNotNull(page.shown(R.id.cut))
        page.type(GOOD)
        assertNull(page.shown(R.id.cut))
    }

    /** A shared file, of which there is no text, is said to be none; what was typed stays. */
    @Test
    fun aSharedFileIsSaidToBeNoText() {
        val controller = open(MainActivity::class.java)
        controller.get().type(GOOD)
        val file = share(null).putExtra(Intent.EXTRA_STREAM, Uri.parse("content://somewhere/review.txt"))
        controller.newIntent(file)
        app.settle()
        assertEquals(GOOD, controller.get().typed())
        assertEquals(app.getString(R.string.share_in_no_text), ShadowToast.getTextOfLatestToast())
    }

    /** The manifest offers the page to other apps for plain text. */
    @Test
    fun otherAppsFindThePage() {
        val intent = Intent(Intent.ACTION_SEND).setType("text/plain").setPackage(app.packageName)
        val found = app.packageManager.queryIntentActivities(intent, 0).map { it.activityInfo.name }
        assertEquals(listOf(MainActivity::class.java.name), found)
    }

    /** The switch changes the runtime that scores. */
    @Test
    fun theSwitchChangesTheRuntime() {
        bothRuntimes()
        val page = open(MainActivity::class.java).get()
        page.type(GOOD)
        page.tap(R.id.runtime_tflite)
        assertEquals(Format.TFLITE, app.store.chosen)
        val tflite = Models.opened.single { it.runtime == "tflite" }
        assertEquals(listOf(GOOD), tflite.texts.toList())
        page.tap(R.id.runtime_onnx)
        page.type(BAD)
        assertEquals(listOf(GOOD), tflite.texts.toList())
    }

    /** A format without a file is not offered. */
    @Test
    fun aMissingFileIsNotOffered() {
        val page = open(MainActivity::class.java).get()
        assertNotNull(page.shown(R.id.runtime_onnx))
        assertNull(page.shown(R.id.runtime_tflite))
        assertNull(page.shown(R.id.runtime_picked))
    }

    /** A text that is longer than the model reads is said to be so, with the numbers. */
    @Test
    fun aTextLongerThanTheModelReadsIsSaidToBeSo() {
        val page = open(MainActivity::class.java).get()
        page.type(GOOD)
        assertNull(page.shown(R.id.unread))
        val most = Models.opened.single().file.contract.maxLength
        page.type("film ".repeat(most))
        assertNull(page.shown(R.id.unread))
        page.type("film ".repeat(most + 5))
        val line = page.shown(R.id.unread).orEmpty()
        assertTrue(line, line.contains("${most + 5} tokens") && line.contains(Regex("(first|last) $most")))
        page.tap(R.id.clear)
        assertNull(page.shown(R.id.unread))
    }

    /** An app without any model says how to get one. */
    @Test
    fun noModelAtAllIsAMessage() {
        Models.files = emptyMap()
        val page = open(MainActivity::class.java).get()
        assertEquals(page.getString(R.string.no_model), page.shown(R.id.answer))
        page.type(GOOD)
        assertEquals(page.getString(R.string.no_model), page.shown(R.id.answer))
    }

    /** Broken files show their message in the page; the other runtime can still be chosen. */
    @Test
    fun aBrokenFileIsAMessage() {
        val flipped = Models.shipped.clone()
        flipped[flipped.size / 2] = (flipped[flipped.size / 2].toInt() xor 1).toByte()
        for (broken in listOf(flipped, Models.shipped.copyOf(1000), ByteArray(0), "no model".toByteArray())) {
            Models.reset()
            Models.files = mapOf(Format.ONNX to broken, Format.TFLITE to Models.shipped)
            val fresh = ModelStore(FakeModels(Models.files.orEmpty()), app, app.background, app.main)
            app.settle()
            val problem = (fresh.slot(Format.ONNX) as Slot.Broken).problem
            assertEquals(Problem.Kind.FILE, problem.kind)
            assertTrue(problem.detail, problem.detail.contains("model.onnx"))
        }
        val page = open(MainActivity::class.java).get()
        page.type(GOOD)
        assertEquals(page.getString(R.string.problem_file, "model.onnx"), page.shown(R.id.answer))
        assertEquals((app.store.slot(Format.ONNX) as Slot.Broken).problem.detail, page.shown(R.id.details))
        page.tap(R.id.runtime_tflite)
        assertEquals(expected(GOOD).label, page.shown(R.id.answer))
    }

    /** What goes wrong beside the library has a message of the app's own, in its resources. */
    @Test
    fun whatElseGoesWrongIsAMessage() {
        val messages = mapOf(
            IOException("gone") to R.string.problem_unreadable,
            OutOfMemoryError("no room") to R.string.problem_memory,
            UnsatisfiedLinkError("no library") to R.string.problem_engine,
            IllegalStateException("no luck") to R.string.problem_other,
        )
        for ((failure, message) in messages) {
            val problem = Problem.of(failure, "model.onnx")
            assertEquals(app.getString(message, "model.onnx"), problem.message(app))
            assertEquals("$failure", problem.detail)
        }
        Models.failure = messages.keys.first()
        val page = open(MainActivity::class.java).get()
        assertEquals("model.onnx cannot be read.", page.shown(R.id.answer))
        assertEquals("java.io.IOException: gone", page.shown(R.id.details))
    }

    /** While the benchmark has the thread the page says so, and scores the text when it ends. */
    @Test
    fun aTextWaitsForTheBenchmark() {
        val page = open(MainActivity::class.java).get()
        page.type(BAD)
        val ended = CountDownLatch(1)
        app.benchmark.start {
            ended.await()
            Report("""{"rows": []}""")
        }
        page.findViewById<EditText>(R.id.input).setText(GOOD)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        assertEquals(page.getString(R.string.waiting_benchmark), page.shown(R.id.answer))
        ended.countDown()
        app.settle()
        assertEquals(expected(GOOD).label, page.shown(R.id.answer))
    }

    /** The buttons at the bottom open the other pages. */
    @Test
    fun otherPagesOpen() {
        val page = open(MainActivity::class.java).get()
        page.tap(R.id.open_model)
        assertEquals(ModelActivity::class.java.name, shadowOf(page).nextStartedActivity.component?.className)
        page.tap(R.id.open_benchmark)
        assertEquals(BenchmarkActivity::class.java.name, shadowOf(page).nextStartedActivity.component?.className)
    }

    private companion object {
        const val GOOD = "A wonderful film, warm and funny. I loved every minute of it."
        const val BAD = "Terrible. Boring, badly acted and a complete waste of time."
    }
}
