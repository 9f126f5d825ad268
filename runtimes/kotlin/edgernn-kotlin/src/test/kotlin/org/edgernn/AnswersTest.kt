package org.edgernn

import org.edgernn.bundle.Json
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** What `edgernn verify --conformance` is given, and the other cases of runtimes/conformance. */
class AnswersTest {
    /** The ids of all cases, in target/answers.jsonl; Python compares them. */
    @Test
    fun answersAreWritten() {
        val answers = Repository.file("runtimes/kotlin/edgernn-kotlin/target/answers.jsonl")
        answers.bufferedWriter().use { file ->
            for (kind in ConformanceTest.kinds()) {
                val corpus = Corpus(kind)
                for (case in corpus.cases) {
                    val ids = corpus.encoders.getValue(case["contract"] as String).ids(corpus.text(case))
                    file.write(Json.write(mapOf("id" to case["id"], "ids" to ids.toList())) + "\n")
                }
            }
        }
    }

    /** A probability is compared with the threshold as a 64-bit float: of 0.7, 32 bits are below it. */
    @Test
    fun decisionsHold() {
        val lines = Repository.text("runtimes/conformance/decision.jsonl").trim().lines()
        val cases = lines.map { Json.parse(it.toByteArray()).asObject() }
        assertEquals("decision", cases[0]["kind"])
        var differs = 0
        for (case in cases.drop(1)) {
            val threshold = case["threshold"] as Double
            val probability = (case["probability"] as Double).toFloat()
            val contract = TextContract.read(
                TinyModels.attachments(mapOf("threshold" to threshold)).getValue("contract.json"),
            )
            assertEquals("$case", case["label"] == 1L, contract.isPositive(probability))
            if ((case["label"] == 1L) != (probability >= threshold.toFloat())) differs++
        }
        assertTrue("$differs cases that 32 bits get wrong", differs > 0)
    }
}
