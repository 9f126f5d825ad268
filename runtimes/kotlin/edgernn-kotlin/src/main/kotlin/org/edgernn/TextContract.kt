package org.edgernn

import org.edgernn.bundle.Json
import org.edgernn.bundle.JsonException
import org.edgernn.bundle.isPrintable
import org.edgernn.bundle.forEachCodePoint
import org.edgernn.bundle.shown

/**
 * The rules by which a text becomes ids, and probabilities labels: `contract.json`, versions 1
 * and 2, as docs/contract.md describes it.
 *
 * @property fields all fields by their names in the file and in its order; integers are Long.
 */
public class TextContract private constructor(public val fields: Map<String, Any?>) {
    /** SHA-256 of the vocabulary file. */
    public val vocabularySha256: String

    /** The name of the attachment that is the vocabulary. */
    public val vocabularyFile: String

    /** Number of ids; every id is at least 0 and below it. */
    public val vocabularySize: Int

    /** The most ids that a text keeps. */
    public val maxLength: Int

    /** The version of the contract. */
    public val version: Int

    /** The names of the classes, in the order of the model's probabilities. */
    public val labels: List<String>

    /** How probabilities become labels: `threshold`, `largest` or `each`. */
    public val decision: String

    /** Of `threshold`: from which probability on a text gets the second label. */
    public val threshold: Double?

    /** Of `each`: from which probability on a text gets each label. */
    public val thresholds: List<Double>

    /** A label less probable than this is not given; null: it always is. */
    public val noneBelow: Double?

    /** How many numbers the graph gives for a text: of `threshold` one, else one for each label. */
    internal val outputs: Int
        get() = if (decision == "threshold") 1 else labels.size

    internal val decides: Decision
    internal val composes: Boolean
    internal val replacesBreaks: Boolean
    internal val replacesControls: Boolean
    internal val lowers: Boolean
    internal val hasSubwords: Boolean
    internal val decodesReferences: Boolean
    internal val writesAsciiQuotes: Boolean
    internal val opensHashtags: Boolean
    internal val deletedCharacters: String
    internal val symbolsAreWords: Boolean
    internal val unspacedScripts: String
    internal val hasLetters: Boolean
    internal val separators: String
    internal val wordCharacters: String
    internal val stopWords: List<String>
    internal val firstWordId: Int
    internal val unknownId: Int?
    internal val startId: Int?
    internal val cutsEnd: Boolean
    internal val padding: String
    internal val paddingId: Int

    init {
        version = (fields["version"] as Long).toInt()
        val known = if (version == 1) FIELDS else FIELDS + SECOND_FIELDS
        val missing = known - fields.keys
        if (missing.isNotEmpty()) throw refused(" lacks fields: ${missing.sorted().joinToString()}")
        val unknown = fields.keys - known
        if (unknown.isNotEmpty()) throw refused(" has unknown fields: ${unknown.sorted().joinToString()}")
        for (name in listOf("labels", "stop_words", "thresholds")) {
            if (name in known && fields[name] !is List<*>) throw refused(": $name is not a list")
        }
        for ((name, choices) in CHOICES + SECOND_CHOICES) {
            if (name in known && fields[name] !in choices) {
                throw refused(
                    " rule $name=${shown(fields[name])} is not known here " +
                        "(known: ${choices.joinToString()}): update edgernn",
                )
            }
        }
        composes = fields["unicode_form"] == "NFC"
        replacesBreaks = fields["html_breaks"] == "space"
        replacesControls = fields["control_characters"] == "space"
        lowers = fields["case"] == "lower"
        hasSubwords = fields["tokenizer"] == "subwords"
        cutsEnd = fields["cut"] == "end"
        padding = fields["padding"] as String
        vocabularySize = integer("vocabulary_size", 1, MAX_IDS)
        maxLength = integer("max_length", 1, MAX_LENGTH)
        paddingId = integer("padding_id", 0, vocabularySize - 1)
        separators = characters("separators")
        wordCharacters = characters("word_characters")
        deletedCharacters = if (version > 1) characters("deleted_characters") else ""
        decodesReferences = fields["html_entities"] == "decode"
        writesAsciiQuotes = fields["quotes"] == "ascii"
        opensHashtags = fields["hashtags"] == "open"
        symbolsAreWords = fields["symbols"] == "words"
        unspacedScripts = fields["unspaced_scripts"] as String? ?: "keep"
        hasLetters = fields["word_class"] == "letters"
        stopWords = stopWords(fields["stop_words"] as List<*>)
        checkTokenizer()
        firstWordId = if (hasSubwords) 0 else integer("first_word_id", 1, vocabularySize)
        unknownId = optionalId("unknown_id")
        startId = optionalId("start_id")
        decision = fields["decision"] as String? ?: "threshold"
        threshold = threshold(fields["threshold"])
        thresholds = thresholds(fields["thresholds"] as List<*>? ?: NO_WORDS)
        noneBelow = noneBelow(fields["none_below"])
        vocabularySha256 = string("vocabulary_sha256")
        vocabularyFile = string("vocabulary_file")
        labels = labels(fields["labels"] as List<*>)
        decides = Decision(decision, threshold ?: 0.0, thresholds, noneBelow)
    }

    /**
     * Tells whether a probability of the second label is on that label's side.
     *
     * @throws IllegalStateException [decision] is not `threshold`.
     */
    public fun isPositive(probability: Float): Boolean {
        check(decides.isBinary) { "the decision '$decision' is not one between two labels" }
        return decides.isPositive(probability.toDouble())
    }

    private fun integer(name: String, low: Int, high: Int): Int {
        val value = fields[name]
        if (value !is Long || value !in low..high) {
            throw refused(": $name ${shown(value)} is not an integer in [$low, $high]")
        }
        return value.toInt()
    }

    private fun optionalId(name: String): Int? =
        if (fields[name] == null) null else integer(name, 0, vocabularySize - 1)

    private fun characters(name: String): String {
        val value = fields[name]
        if (value !is String || value.codePointCount(0, value.length) > MAX_CHARACTERS) {
            throw refused(": $name is not a string of at most $MAX_CHARACTERS characters")
        }
        return value
    }

    private fun stopWords(values: List<*>): List<String> {
        val words = values.filterIsInstance<String>().filter { it.isNotEmpty() }
        if (words.size < values.size || words.size > MAX_STOP_WORDS) {
            throw refused(": stop_words is not a list of at most $MAX_STOP_WORDS words")
        }
        return words
    }

    private fun checkTokenizer() {
        if (hasSubwords) {
            val given = WORD_FIELDS.filter { fields[it] !in NOTHING } +
                SECOND_WORD_FIELDS.filter { version > 1 && fields[it] != SECOND_CHOICES.getValue(it)[0] }
            if (given.isNotEmpty()) throw refused(": tokenizer 'subwords' has no ${given.joinToString()}")
        } else if (hasLetters) {
            if (separators.isNotEmpty()) throw refused(": word_class 'letters' has no separators")
        } else if (separators.isEmpty() == wordCharacters.isEmpty()) {
            throw refused(": tokenizer 'words' needs either separators or word_characters")
        }
    }

    private fun threshold(value: Any?): Double? {
        if (decision != "threshold") {
            if (value != null) throw refused(": decision '$decision' has no threshold")
            return null
        }
        if (!isShare(value)) throw refused(": threshold ${shown(value)} is not in (0, 1)")
        val count = (fields["labels"] as List<*>).size
        if (version > 1 && count != 2) throw refused(": decision 'threshold' is one of two labels")
        return value as Double
    }

    private fun thresholds(values: List<*>): List<Double> {
        val count = (fields["labels"] as List<*>).size
        if (decision == "largest" && count < 3) {
            throw refused(": decision 'largest' is one of three labels or more")
        }
        val expected = if (decision == "each") count else 0
        if (values.size != expected || !values.all { isShare(it) }) {
            throw refused(": thresholds is not a list of $expected numbers in (0, 1)")
        }
        return values.map { it as Double }
    }

    private fun noneBelow(value: Any?): Double? {
        if (value == null) return null
        if (decision == "each") throw refused(": decision 'each' has no none_below")
        if (!isShare(value)) throw refused(": none_below ${shown(value)} is not in (0, 1)")
        return value as Double
    }

    private fun isShare(value: Any?): Boolean = value is Double && value > 0 && value < 1

    private fun string(name: String): String =
        fields[name] as? String ?: throw refused(": $name is not a string")

    private fun labels(values: List<*>): List<String> {
        val names = values.filterIsInstance<String>().filter { isName(it) }
        val areNames = names.size == values.size && names.toSet().size == names.size
        if (version == 1) {
            if (values.size != 2 || !areNames) {
                throw refused(": labels ${shown(values, brackets = "()")} are not two names")
            }
        } else if (values.size !in 2..MAX_LABELS || !areNames) {
            throw refused(": labels are not 2 to 1,024 different names")
        } else if (names.any { it.codePointCount(0, it.length) > MAX_LABEL_CHARACTERS }) {
            throw refused(": a label has more than $MAX_LABEL_CHARACTERS characters")
        }
        return names
    }

    private fun isName(label: String): Boolean {
        forEachCodePoint(label) { if (!isPrintable(it)) return false }
        return label.isNotEmpty()
    }

    public companion object {
        private val VERSIONS = listOf(1L, 2L)
        private const val MAX_LABELS = 1 shl 10
        private const val MAX_LABEL_CHARACTERS = 1 shl 8
        private const val MAX_IDS = 1 shl 24
        private const val MAX_LENGTH = 1 shl 16
        private const val MAX_CHARACTERS = 1 shl 12
        private const val MAX_STOP_WORDS = 1 shl 14
        private val NO_WORDS = emptyList<Any?>()

        private val CHOICES =
            linkedMapOf(
                "unicode_form" to listOf("none", "NFC"),
                "html_breaks" to listOf("keep", "space"),
                "control_characters" to listOf("keep", "space"),
                "case" to listOf("keep", "lower"),
                "tokenizer" to listOf("subwords", "words"),
                "cut" to listOf("start", "end"),
                "padding" to listOf("none", "start", "end"),
            )
        private val SECOND_CHOICES =
            linkedMapOf(
                "decision" to listOf("threshold", "largest", "each"),
                "html_entities" to listOf("keep", "decode"),
                "quotes" to listOf("keep", "ascii"),
                "hashtags" to listOf("keep", "open"),
                "symbols" to listOf("keep", "words"),
                "unspaced_scripts" to listOf("keep", "characters", "bigrams"),
                "word_class" to listOf("listed", "letters"),
            )
        private val SECOND_WORD_FIELDS = listOf("symbols", "unspaced_scripts", "word_class")
        private val SECOND_FIELDS =
            SECOND_CHOICES.keys + setOf("thresholds", "none_below", "deleted_characters")
        private val NOTHING = setOf(null, "", NO_WORDS)
        private val WORD_FIELDS =
            listOf("separators", "word_characters", "stop_words", "first_word_id", "unknown_id", "start_id")
        private val FIELDS =
            setOf("vocabulary_sha256", "vocabulary_size", "max_length", "version", "vocabulary_file") +
                CHOICES.keys + WORD_FIELDS + setOf("padding_id", "labels", "threshold")

        /**
         * Reads a contract; every field must be there and none besides.
         *
         * @param json the content of `contract.json`.
         * @throws ModelException it is no JSON, or has rules that are not known here.
         */
        internal fun read(json: ByteArray): TextContract {
            val values =
                try {
                    Json.parse(json)
                } catch (error: JsonException) {
                    throw refused(": not JSON: ${error.message}")
                }
            if (values !is Map<*, *>) throw refused(": not a JSON object")
            val fields = LinkedHashMap<String, Any?>()
            for ((name, value) in values) fields[name as String] = value
            // First, since another version may have other fields.
            val version = fields["version"]
            if (version !in VERSIONS) {
                val known = VERSIONS.joinToString()
                throw refused(" version ${shown(version)} is not known here (known: $known): update edgernn")
            }
            return TextContract(fields)
        }

        private fun refused(what: String) = ModelException("text contract$what")
    }
}
