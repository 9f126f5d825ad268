package org.edgernn.bench

import java.util.Random
import kotlin.math.exp
import kotlin.math.ln
import kotlin.math.roundToInt
import org.edgernn.TextEncoder

/** Texts to time, made as edgernn's own bench makes them. */
internal object BenchTexts {
    /** Those of `edgernn.bench.texts`, so that a phone's rows stand beside a laptop's. */
    val SENTENCES =
        listOf(
            "I went in with no expectations and came out humming the theme.",
            "The first act takes its time, but every minute of it pays off later.",
            "Sadly, the lead seems bored, and after half an hour so was I.",
            "There is a scene at a railway station that alone is worth the ticket.",
            "Who thought that this needed three endings?",
            "The photography is gorgeous: fog, lamplight, wet streets and an empty harbour.",
            "I've seen it four times now and it gets better with each viewing.",
            "None of the jokes land, and the laughs of the audience sounded polite at best.",
            "Her performance is quiet, exact and, in the last ten minutes, simply devastating.",
            "The script borrows from better films and gives nothing back.",
            "My kids loved it; I checked my watch.<br /><br />Twice.",
            "What a waste of a talented cast, and of two and a half hours of my life!",
            "The music never tells you what to feel, which is rarer than it should be.",
            "Some effects have aged badly, yet the story still works wonderfully.",
            "It wants to be a thriller and a romance, and ends up as neither.",
            "I can't recommend it highly enough: funny, sad and honest from start to finish.",
            "The dialogue sounds as if it had been translated twice.",
            "Not a masterpiece, perhaps, but a warm and clever little film with a big heart.",
            "By the time the villain explains his plan, nobody in the theatre cared any more.",
            "The director trusts the viewer, and that trust is repaid.",
            "It was filmed in 1974 for next to no money, and you can see both.",
            "Everything about the sequel is louder, longer and worse.",
            "Watch it with friends, late at night, and don't take it too seriously.",
            "A slow, patient, beautiful picture about two people who cannot say what they mean.",
        )

    private const val MEDIAN_WORDS = 174.0
    private const val SPREAD = 0.7
    private const val FEWEST_WORDS = 10
    private const val MOST_WORDS = 1500

    /**
     * Returns the shortest beginning of the sentences, repeated, that has so many tokens; null where
     * the contract cuts texts shorter, or the vocabulary knows no word of the sentences.
     */
    fun ofTokens(encoder: TextEncoder, tokens: Int): String? {
        if (tokens > encoder.contract.maxLength) return null
        val once = SENTENCES.flatMap { it.split(' ') }
        val known = encoder.tokenCount(once.joinToString(" "))
        if (known == 0) return null
        // Beginnings of repeated sentences have tokens in proportion, whatever the words are.
        val repeats = tokens / known + 2
        var low = 1
        var high = once.size * repeats
        while (low < high) {
            val middle = (low + high) / 2
            if (encoder.tokenCount(beginning(once, middle)) >= tokens) high = middle else low = middle + 1
        }
        return beginning(once, low)
    }

    /** Returns texts of the lengths that IMDB reviews have, roughly log-normal; always the same. */
    fun reviews(count: Int): List<String> {
        val chance = Random(1)
        return List(count) {
            val drawn = exp(ln(MEDIAN_WORDS) + SPREAD * chance.nextGaussian()).roundToInt()
            val wanted = drawn.coerceIn(FEWEST_WORDS, MOST_WORDS)
            val words = ArrayList<String>()
            while (words.size < wanted) words += SENTENCES.shuffled(chance).flatMap { it.split(' ') }
            words.take(wanted).joinToString(" ")
        }
    }

    private fun beginning(words: List<String>, count: Int): String =
        (0 until count).joinToString(" ") { words[it % words.size] }
}
