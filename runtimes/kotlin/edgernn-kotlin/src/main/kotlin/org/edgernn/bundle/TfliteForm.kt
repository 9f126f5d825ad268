package org.edgernn.bundle

import java.util.regex.Pattern

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
    private val isRange = ".." in text
    private val values: List<Long> =
        text.drop(1).removeSuffix("#").replace("..", ",").split(",").filter { it.isNotEmpty() }.map { it.toLong() }

    /** Tells whether an operator of so many outputs may have this value. */
    fun allows(value: Long, outputs: Int): Boolean =
        when {
            isCount -> value == outputs.toLong()
            isRange -> value >= values[0] && value <= values[1]
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
    private val tensors: Pattern by lazy { Pattern.compile(pattern) }

    /** Tells whether it has these inputs, `>`, outputs, and behind `~` intermediates, by their letters. */
    fun takes(letters: String): Boolean = tensors.matcher(letters).matches()

    companion object {
        /** Reads a line of [TfliteForms]: code, name, tensors, type of options, options. */
        fun read(line: String): Form {
            val words = line.split(" ")
            return Form(words[0].toInt(), words[1], words[2], words[3].toInt(), words.drop(4).map { Option(it) })
        }
    }
}
