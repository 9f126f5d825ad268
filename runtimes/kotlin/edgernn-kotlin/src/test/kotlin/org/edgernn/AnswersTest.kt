package org.edgernn

import org.edgernn.bundle.Json
import org.junit.Assert.assertEquals
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

    /** Probabilities are compared as 64-bit floats: with a threshold of 0.7, that of 32 bits is below it. */
    @Test
    fun decisionsHold() {
        val lines = Repository.text("runtimes/conformance/decision.jsonl").trim().lines()
        val cases = lines.map { Json.parse(it.toByteArray()).asObject() }
        assertEquals("decision" to 2L, cases[0]["kind"] to cases[0]["version"])
        val narrow = HashMap<String, Int>()
        for (case in cases.drop(1)) {
            val decision = case["decision"] as String
            val found = (case["probabilities"] as List<*>).map { (it as Double).toFloat() }.toFloatArray()
            val all = if (decision == "threshold") floatArrayOf(1 - found[0], found[0]) else found
            val given = (case["given"] as List<*>).map { "label$it" }
            assertEquals("$case", given, score(case, all).given)
            val narrowed = case.mapValues { (_, value) -> (value as? Double)?.toFloat()?.toDouble() ?: value } +
                ("thresholds" to (case["thresholds"] as List<*>).map { (it as Double).toFloat().toDouble() })
            if (given != score(narrowed, all).given) narrow[decision] = 1 + (narrow[decision] ?: 0)
        }
        assertEquals("cases that 32 bits get wrong: $narrow", setOf("threshold", "largest", "each"), narrow.keys)
    }

    private fun score(case: Map<String, Any?>, probabilities: FloatArray): Score {
        val changes = case.filterKeys { it in setOf("threshold", "thresholds", "none_below") }
        val labels = probabilities.indices.map { "label$it" }
        val contract = LabelModels.attachments(case["decision"] as String, labels, changes).getValue("contract.json")
        return Score.of(TextContract.read(contract), probabilities, 1)
    }
}
