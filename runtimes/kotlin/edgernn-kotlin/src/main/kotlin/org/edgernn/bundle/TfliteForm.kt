package org.edgernn.bundle

/**
 * One scalar of an operator's options.
 *
 * @param text its kind, and behind it the values that are allowed: some, from one to another, or the
 *   number of the operator's outputs, `#`; none: the engine checks them.
 */
internal class Option(text: String) {
    /** How it is stored, as [FlatBuffer.scalar] has it; a float counts as the integer of its bits. */
    val kind: Char = text[0]

    private val isCount = text.endsWith("#")
    private val range: LongRange?
    private val values: List<Long>

    init {
        val allowed = text.drop(1).removeSuffix("#")
        val ends = allowed.split("..")
        range = if (ends.size == 2) ends[0].toLong()..ends[1].toLong() else null
        values = if (range != null || allowed.isEmpty()) emptyList() else allowed.split(",").map { it.toLong() }
    }

    /** Tells whether an operator of so many outputs may have this value. */
    fun allows(value: Long, outputs: Int): Boolean =
        when {
            isCount -> value == outputs.toLong()
            range != null -> value in range
            else -> values.isEmpty() || value in values
        }
}

/**
 * In which form an operator is let through.
 *
 * @property code its number in the schema.
 * @property optionsType number of its options in the schema's union; 0: it has none.
 */
internal class Form private constructor(
    val code: Int,
    val name: String,
    pattern: String,
    val optionsType: Int,
    val options: List<Option>,
) {
    /** The letters of its inputs, `>`, those of its outputs, and behind `~` those of its intermediates. */
    val tensors: Regex by lazy { Regex(pattern) }

    companion object {
        /** Reads a line of [TfliteForms]: code, name, tensors, type of options, options. */
        fun read(line: String): Form {
            val words = line.split(" ")
            return Form(words[0].toInt(), words[1], words[2], words[3].toInt(), words.drop(4).map { Option(it) })
        }
    }
}
