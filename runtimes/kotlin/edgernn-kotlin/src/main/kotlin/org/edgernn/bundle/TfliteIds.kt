package org.edgernn.bundle

/**
 * Which way ids may go in a graph: to a row of a table that is there, and no other.
 *
 * This is `edgernn/bundle/tflite/hashes.py`, check by check.
 *
 * @param ids the tensors that are ids; none in a loop.
 * @param vocabularySize every id is below it.
 */
internal class TfliteIds(
    private val graph: FlatGraph,
    private val ids: List<Int>,
    private val vocabularySize: Int,
) {
    /** What a tensor of whole numbers holds, by its number; others are none of these. */
    private val kinds = HashMap<Int, String>()

    fun check() {
        for (number in ids) kinds[number] = "ids"
        graph.operators.forEach { check(it) }
    }

    private fun check(operator: FlatOperator) {
        val given = operator.inputs.map { kind(it) }
        if (!concernsIds(operator, given)) {
            if (operator.name == GATHER && ids.isNotEmpty()) throw FlatException("a lookup of something that is no id")
            checkShapes(operator)
            return
        }
        val kind =
            TfliteForms.HASHES[listOf(operator.name) + given]
                ?: throw FlatException("ids, or n-grams of them, go into ${operator.name}")
        val last = graph.tensors[operator.inputs.last()].numbers
        if (operator.name == GATHER) {
            checkTable(operator)
        } else if (last != null && !isSound(operator.name, last)) {
            throw FlatException("ids go into ${operator.name} with numbers that no export has")
        }
        if (operator.name !in COUNTS) checkShapes(operator)
        if (graph.tensors[operator.outputs[0]].letter in WHOLE) {
            for (number in operator.outputs) kinds[number] = kind
        }
    }

    /** Tells whether an operator takes ids or what they became, or is of use for nothing else. */
    private fun concernsIds(operator: FlatOperator, given: List<String>): Boolean {
        val whole = graph.tensors[operator.outputs[0]].letter == 'i'
        return (whole && operator.name in TO_INTEGERS) ||
            operator.name in ONLY_HASHES ||
            given.any { it.isNotEmpty() && it != CONSTANT }
    }

    /** Tells whether an operator's constant is one that an export may have. */
    private fun isSound(name: String, numbers: List<Int>): Boolean =
        when (name) {
            "PAD" -> numbers.size == 4 && numbers[0] in 1 until FEW && numbers.drop(1).all { it == 0 }
            "FLOOR_MOD" -> numbers.size == 1 && numbers[0] > 0
            else -> numbers.size <= FEW
        }

    private fun kind(number: Int): String =
        when {
            number == -1 -> ""
            graph.tensors[number].isConstant -> CONSTANT
            else -> kinds[number].orEmpty()
        }

    /** No constant that may be a shape is one of more elements than an export computes. */
    private fun checkShapes(operator: FlatOperator) {
        for (number in operator.inputs) {
            val numbers = if (number == -1) null else graph.tensors[number].numbers
            val sizes = numbers.orEmpty().map { if (it == 0) 1 else it }
            if (TfliteStructure.product(sizes) > TfliteStructure.MAX_COMPUTED) {
                throw FlatException("a constant shape that is too large")
            }
        }
    }

    /** A table has a row for each id or bucket that is looked up in it. */
    private fun checkTable(lookup: FlatOperator) {
        val (given, place) = lookup.inputs
        val decoder = graph.makers[given]
        val source = if (decoder?.name == "DEQUANTIZE") decoder.inputs[0] else given
        // Without an operator that makes it, it is an id.
        val hashed = graph.makers[place]
        val modulus = hashed?.let { graph.tensors[it.inputs[1]].numbers?.singleOrNull() }
        val below = modulus ?: vocabularySize
        val table = graph.tensors[source]
        // A bucket holds a number, or a vector.
        val rows = if (table.shape.size in (if (hashed == null) 2..2 else 1..2)) table.shape[0] else 0
        if (hashed != null && table.shape.size == 2 && table.shape[1] > MAX_VECTOR) {
            throw FlatException("vectors of n-grams that are too long")
        }
        if (!table.isConstant || rows < below) {
            throw FlatException(
                if (hashed == null) {
                    "the contract has $below ids, the embedding $rows rows"
                } else {
                    "$below buckets of n-grams, in a table of $rows"
                },
            )
        }
    }

    private companion object {
        const val GATHER = "GATHER"
        const val CONSTANT = "constant"

        /** Operators that are of use for nothing else. */
        val ONLY_HASHES = setOf("EQUAL", "FLOOR_MOD", "PAD")

        /** Operators that give integers for nothing else. */
        val TO_INTEGERS = setOf("CAST", "MUL")

        /** Letters of tensors of whole numbers; what is none any more is nothing to follow. */
        val WHOLE = setOf('i', 'p')

        /** Operators whose constant is a number to compute with, not a shape. */
        val COUNTS = setOf("ADD", "FLOOR_MOD", "MUL")

        /** Bound on the numbers of an n-gram's vector, of which there are several a token. */
        const val MAX_VECTOR = 256

        /** Bound on the ids of an n-gram, and on how many lengths of them there are. */
        const val FEW = 8
    }
}
