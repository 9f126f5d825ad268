package org.edgernn.demo

import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import org.edgernn.Format
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class ModelActivityTest : PageTest() {
    private fun facts(page: ModelActivity): Map<String, String> {
        val list = page.findViewById<ViewGroup>(R.id.facts)
        return (0 until list.childCount).map { list.getChildAt(it) }.filterIsInstance<ViewGroup>().associate {
            it.findViewById<TextView>(R.id.fact_name).text.toString() to
                it.findViewById<TextView>(R.id.fact_value).text.toString()
        }
    }

    /** The page says what stands in the file: sizes, card and contract. */
    @Test
    fun theFileIsShown() {
        val page = open(ModelActivity::class.java).get()
        val file = Models.opened.single().file
        val facts = facts(page)
        assertEquals(file.sha256, facts["SHA-256"])
        assertEquals("%,d bytes".format(file.size), facts["size"])
        assertEquals(file.card["recipe"], facts["recipe"])
        assertEquals(file.contract.labels.joinToString(), facts["labels"])
        assertEquals(file.contract.maxLength.toString(), facts["max_length"])
        assertTrue("every rule is there", facts.keys.containsAll(file.contract.fields.keys))
    }

    /** The golden vectors of the shipped file pass here, and the verdict outlives a rotation. */
    @Test
    fun verifyPasses() {
        val controller = open(ModelActivity::class.java)
        assertNull(controller.get().shown(R.id.verified))
        controller.get().tap(R.id.verify)
        val vectors = checkNotNull(Models.opened.single().file.golden).vectors.size
        val verdict = controller.get().shown(R.id.verified).orEmpty()
        assertTrue(verdict, verdict.startsWith("Passed: $vectors golden vectors"))
        rotate(controller)
        assertEquals(verdict, controller.get().shown(R.id.verified))
    }

    /** A runtime that scores otherwise fails, with the vectors that it got wrong. */
    @Test
    fun verifyFailsWhereScoresDiffer() {
        val page = open(ModelActivity::class.java).get()
        Models.opened.single().shift = 0.01f
        page.tap(R.id.verify)
        val verdict = page.shown(R.id.verified).orEmpty()
        assertTrue(verdict, verdict.startsWith("Failed: "))
        val lines = page.shown(R.id.verified_detail).orEmpty().lines()
        assertTrue("$lines", lines.all { it.startsWith("vector ") || it == "…" })
        assertEquals(page.getColor(R.color.problem), page.findViewById<TextView>(R.id.verified).currentTextColor)
    }

    /** A broken file shows its message here too, and nothing to verify. */
    @Test
    fun aBrokenFileIsAMessage() {
        Models.files = mapOf(Format.TFLITE to "no model".toByteArray())
        val page = open(ModelActivity::class.java).get()
        assertEquals(page.getString(R.string.problem_file, "model.tflite"), page.shown(R.id.problem))
        assertEquals((app.store.slot(Format.TFLITE) as Slot.Broken).problem.detail, page.shown(R.id.problem_detail))
        assertNull(page.shown(R.id.verify))
    }

    /** The arrow goes back. */
    @Test
    fun backCloses() {
        val page = open(ModelActivity::class.java).get()
        assertFalse(page.isFinishing)
        page.findViewById<View>(R.id.back).performClick()
        assertTrue(page.isFinishing)
    }
}
