package org.edgernn.demo

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class FactsTest {
    private val writer = FactWriter("none", "yes", "no")

    private fun lines(section: FactSection) = section.facts.map { "${it.name}: ${it.value}" }

    /** Values of all the kinds that JSON has. */
    @Test
    fun aCardBecomesLines() {
        val card = mapOf(
            "oldest_runtime" to "onnxruntime 1.16",
            "data" to mapOf("examples" to 25000L, "more" to mapOf("loss" to 0.20779948, "kept" to true)),
            "layers" to listOf(mapOf("layer" to "LSTM", "units" to 64L), mapOf("layer" to "Dense")),
            "limits" to listOf("A sentence that is rather long.", "Another one."),
            "nothing" to null,
            "list" to emptyList<String>(),
        )
        val sections = writer.card(card, "Card")
        assertEquals(listOf("Card", "data"), sections.map { it.title })
        assertEquals(
            listOf(
                "oldest runtime: onnxruntime 1.16",
                "layers: LSTM 64, Dense",
                "limits: A sentence that is rather long.\nAnother one.",
                "nothing: none",
                "list: none",
            ),
            lines(sections[0]),
        )
        assertEquals(listOf("examples: 25000", "more loss: 0.2078", "more kept: yes"), lines(sections[1]))
    }

    /** Rules keep their names; white space can be seen. */
    @Test
    fun aContractKeepsItsNames() {
        val facts = writer.contract(mapOf("separators" to "\t\n.", "start_id" to null, "stop_words" to ""))
        assertEquals(listOf("separators", "start_id", "stop_words"), facts.map { it.name })
        assertEquals(listOf("\\t\\n.", "none", "none"), facts.map { it.value })
    }

    /** A card that goes on and on is cut. */
    @Test
    fun hugeCardsAreBounded() {
        val card = mapOf("text" to "x".repeat(100_000)) + (1..5000).associate { "name$it" to "value" }
        val facts = writer.card(card, "Card").single().facts
        assertTrue(facts.size <= 100)
        assertTrue(facts.first().value.length < 700)
    }

    /** Numbers of models and makers, and what of a processor matters. */
    @Test
    fun aPhoneHasANameAndFlags() {
        assertEquals("Google Pixel 8", phoneName("Google", "Pixel 8"))
        assertEquals("OnePlus 12", phoneName("oneplus", "OnePlus 12"))
        val arm = "processor\t: 0\nFeatures\t: fp asimd evtstrm asimddp i8mm\nCPU part\t: 0xd05\n"
        assertEquals(listOf("asimd", "asimddp", "i8mm"), processorFlags(arm))
        assertEquals(listOf("sse4_2", "avx2"), processorFlags("flags\t\t: fpu sse4_2 avx2 rdrand\n"))
        assertEquals(emptyList<String>(), processorFlags(""))
    }
}
