package org.edgernn.demo

import org.edgernn.Classifier
import org.edgernn.Format
import org.edgernn.ModelFile
import org.edgernn.Score
import org.edgernn.Unicode
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

/** The classes behind the pages, without Android and with a clock of their own. */
class ScoringModelTest {
    /** A main thread on which time passes when a test says so. */
    private class HandClock : MainThread {
        private val tasks = ArrayList<Pair<Long, Runnable>>()
        private var now = 0L

        override fun post(task: Runnable, milliseconds: Long) {
            tasks.add(now + milliseconds to task)
        }

        override fun cancel(task: Runnable) {
            tasks.removeAll { it.second === task }
        }

        fun pass(milliseconds: Long) {
            now += milliseconds
            while (true) {
                val due = tasks.filter { it.first <= now }.minByOrNull { it.first } ?: return
                tasks.remove(due)
                due.second.run()
            }
        }
    }

    /** Gives each text as many tokens as it is long. */
    private class Lengths : Classifier {
        val asked = ArrayList<String>()
        override val file: ModelFile = plainFile
        override val runtime = "lengths"
        override val runtimeVersion: String? = null

        override fun probabilities(ids: IntArray): FloatArray = floatArrayOf(0.5f, 0.5f)

        override fun score(text: String): Score {
            asked.add(text)
            return Score.of(file.contract, probabilities(IntArray(text.length)), text.length)
        }

        var isClosed = false

        override fun close() {
            isClosed = true
        }
    }

    private val clock = HandClock()
    private val background = HeldThread()
    private val files = HeldThread()
    private val classifier = Lengths()

    private fun model(open: (ByteArray, Format) -> Classifier = { _, _ -> classifier }): Pair<ModelStore, ScoringModel> {
        val opener = object : ModelOpener {
            override fun open(bytes: ByteArray, format: Format): Classifier = open(bytes, format)

            override fun openPicked(bytes: ByteArray, name: String): Classifier = open(bytes, Format.ONNX)
        }
        val store = ModelStore(FakeModels(mapOf(Format.ONNX to ByteArray(0))), opener, background, clock, files)
        return store to ScoringModel(store, background, clock)
    }

    private fun run() {
        repeat(3) {
            background.release()
            clock.pass(0)
        }
    }

    private val ScoringModel.tokens: Int?
        get() = (answer as? Answer.Scored)?.score?.tokens

    /** Only what has rested for the pause is scored. */
    @Test
    fun aTextRestsFirst() {
        val (_, model) = model()
        run()
        model.type("one")
        clock.pass(149)
        run()
        assertEquals(emptyList<String>(), classifier.asked)
        model.type("three")
        clock.pass(149)
        run()
        assertEquals(emptyList<String>(), classifier.asked)
        clock.pass(1)
        run()
        assertEquals(listOf("three"), classifier.asked)
        assertEquals(5, model.tokens)
        assertFalse(model.pending)
    }

    /** An answer that comes after something newer was typed is dropped; the old one stays until then. */
    @Test
    fun aLateAnswerIsDropped() {
        val (_, model) = model()
        run()
        model.type("one")
        clock.pass(150)
        run()
        model.type("three")
        clock.pass(150)
        background.release() // scored, its answer under way
        model.type("seven77")
        clock.pass(0)
        assertEquals(3, model.tokens)
        assertTrue(model.pending)
        clock.pass(150)
        run()
        assertEquals(7, model.tokens)
    }

    /** What waits for the thread while something newer is typed is not scored at all. */
    @Test
    fun aStaleTextIsNotScored() {
        val (_, model) = model()
        run()
        for (text in listOf("1", "12", "123")) {
            model.type(text)
            clock.pass(150)
        }
        run()
        assertEquals(listOf("123"), classifier.asked)
    }

    /** A text that was typed before the model is open is scored as soon as it is. */
    @Test
    fun aTextWaitsForTheModel() {
        val (store, model) = model()
        model.type("early")
        clock.pass(150)
        assertTrue(store.current is Slot.Opening)
        assertTrue(model.pending)
        run()
        assertEquals(5, model.tokens)
    }

    /** A closed model tells nobody anything any more. */
    @Test
    fun aClosedModelIsSilent() {
        val (_, model) = model()
        var told = 0
        model.type("text")
        model.listener = Runnable { told++ }
        model.close()
        clock.pass(1000)
        run()
        assertEquals(0, told)
        assertEquals(emptyList<String>(), classifier.asked)
    }

    /** A runtime that is not in the app, for one, is a message. */
    @Test
    fun whatCannotBeOpenedIsAMessage() {
        val problems = listOf<Throwable>(
            UnsatisfiedLinkError("no library"),
            NoClassDefFoundError("no class"),
            OutOfMemoryError("no room"),
            IllegalStateException("no luck"),
        )
        for (problem in problems) {
            val (store, model) = model { _, _ -> throw problem }
            model.type("text")
            clock.pass(150)
            run()
            val slot = store.current
            assertTrue(slot is Slot.Broken && slot.problem.detail.contains(problem.message.orEmpty()))
            assertEquals(Answer.Nothing, model.answer)
            assertFalse(model.pending)
        }
    }

    /** A file that another app never hands over holds up nothing; the file that is picked last counts. */
    @Test
    fun theLastPickedFileCounts() {
        val first = Lengths()
        val second = Lengths()
        val (store, model) = model { bytes, _ -> listOf(classifier, first, second)[bytes.size] }
        run()
        store.pick("a file") { PickedFile("first", ByteArray(1)) }
        assertTrue(store.picking)
        model.type("text")
        clock.pass(150)
        run()
        assertEquals("what was in use scores on", listOf("text"), classifier.asked)
        store.pick("a file") { PickedFile("second", ByteArray(2)) }
        files.release()
        run()
        assertFalse(store.picking)
        assertEquals(second, (store.current as Slot.Ready).classifier)
        assertEquals("the text is scored anew", listOf("text"), second.asked)
        assertTrue(first.isClosed)
        store.choose(Format.ONNX)
        assertEquals(classifier, (store.current as Slot.Ready).classifier)
        store.choosePicked()
        assertEquals(listOf(classifier, second), store.ready)
        assertFalse(second.isClosed)
    }

    /** A file that is refused leaves in use what was, and says why until something else is chosen. */
    @Test
    fun aRefusedFileChangesNothing() {
        val (store, _) = model()
        run()
        store.pick("a file") { throw SecurityException("not yours") }
        files.release()
        run()
        assertEquals(Problem.Kind.OTHER, store.refusal?.kind)
        assertEquals("a file", store.refusal?.name)
        assertEquals(classifier, (store.current as Slot.Ready).classifier)
        assertFalse(store.usesPicked || store.picking)
        store.choosePicked()
        assertFalse(store.usesPicked)
        store.pick("a file") { PickedFile("good", ByteArray(0)) }
        assertEquals(null, store.refusal)
    }

    /** Work is told about, can be stopped, and keeps what went wrong. */
    @Test
    fun workIsToldAbout() {
        val work = Work<String>(background, clock)
        val lines = ArrayList<String>()
        work.listener = Runnable { (work.state as? Work.State.Running)?.line?.let(lines::add) }
        work.start { progress ->
            val first = progress("a line")
            work.stop()
            "$first ${progress("another")}"
        }
        assertTrue(work.running)
        work.start { error("one at a time") }
        run()
        val done = work.state as Work.State.Done
        assertEquals("true false", done.value)
        assertTrue(done.stopped)
        assertEquals(listOf("a line", "another"), lines)
        work.start { throw IllegalStateException("worn out") }
        run()
        assertTrue((work.state as Work.State.Failed).problem.detail.contains("worn out"))
    }

    /** The shipped file: of it, the contract alone is looked at. */
    private companion object {
        val plainFile: ModelFile by lazy { ModelFile.read(Models.shipped, "model.onnx", NoUnicode) }
    }

    /** No text is encoded here. */
    private object NoUnicode : Unicode {
        override fun nfc(text: String): String = text

        override fun lower(text: String): String = text

        override fun isWordCharacter(codePoint: Int): Boolean = false
    }
}
