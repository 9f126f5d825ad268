package org.edgernn

import java.security.MessageDigest
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assert.fail
import org.junit.Test
import org.junit.runner.RunWith
import org.junit.runners.Parameterized

/** The whole corpus of runtimes/conformance: what an implementation of the text contract must give. */
@RunWith(Parameterized::class)
class ConformanceTest(private val kind: String) {
    private val corpus = corpora.getOrPut(kind) { Corpus(kind) }

    /** Every case gives its ids, one by one. */
    @Test
    fun everyCaseHolds() {
        assertEquals("edgernn conformance", corpus.header["format"])
        assertEquals(1L, corpus.header["version"])
        assertEquals(kind, corpus.header["kind"])
        val cases = corpus.cases
        assertTrue("${cases.size} cases", cases.size > 4000)
        for (case in cases) {
            val ids = corpus.encoders.getValue(case["contract"] as String).ids(corpus.text(case))
            val expected = case["ids"]
            val holds =
                if (expected is List<*>) {
                    expected == ids.map { it.toLong() }
                } else {
                    case["ids_count"] == ids.size.toLong() && case["ids_sha256"] == digest(ids)
                }
            // Not `assertTrue`: to spell out every case takes longer than all else here.
            if (!holds) fail("$case gives ${ids.take(600)}")
        }
        println("conformance $kind: ${cases.size} cases of ${corpus.encoders.size} contracts, all equal")
    }

    /** What is to be scored has at least one id and at most as many as the contract keeps. */
    @Test
    fun textsAreRefusedThatHaveNoToken() {
        var refused = 0
        for (case in corpus.cases) {
            val encoder = corpus.encoders.getValue(case["contract"] as String)
            val text = corpus.text(case)
            try {
                assertTrue(encoder.encode(text).contentEquals(encoder.ids(text)))
                assertTrue(encoder.ids(text).size in 1..encoder.contract.maxLength)
            } catch (error: TextException) {
                refused++
                val isBlank = error.message == "the text is empty"
                if (!isBlank && case["ids"] != emptyList<Any>()) fail("$case: ${error.message}")
                assertTrue(isBlank || error.message == "no token is left of the text")
            }
        }
        assertTrue("$refused", refused > 10)
    }

    private fun digest(ids: IntArray): String =
        MessageDigest.getInstance("SHA-256").digest(ids.joinToString(",").toByteArray())
            .joinToString("") { "%02x".format(it) }

    companion object {
        private val corpora = HashMap<String, Corpus>()

        @JvmStatic
        @Parameterized.Parameters(name = "{0}")
        fun kinds() = listOf("subwords", "words", "stop_words", "rules")
    }
}
