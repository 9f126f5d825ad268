package org.edgernn.bundle

import org.edgernn.Format
import org.edgernn.ModelException
import org.edgernn.TextContract

/**
 * An input or output of a graph.
 *
 * @property shape sizes of its dimensions; below 1 where the graph leaves one open.
 */
internal data class Tensor(val name: String, val type: String, val shape: List<Long>) {
    /** The number of dimensions. */
    val axes: Int
        get() = shape.size

    /** As messages have it. */
    override fun toString(): String = "$name $type[$axes]"
}

/**
 * A model file taken apart: what is in either format.
 *
 * @property attachments content by name.
 * @property graphSha256 SHA-256 of all bytes that are no attachments.
 * @property hasStateLoop whether the graph is one that XNNPACK scores wrong now and then.
 * @property checkStructure refuses operators and data that no export has, for a number of ids, with a
 *   [ModelException].
 */
internal class Container(
    val attachments: Map<String, ByteArray>,
    val graphSha256: String,
    val inputs: List<Tensor>,
    val outputs: List<Tensor>,
    val hasStateLoop: Boolean = false,
    val checkStructure: (Int) -> Unit = {},
) {
    /** Whether the graph takes several texts a call, with their lengths. */
    val takesBatches: Boolean
        get() = inputs.any { it.name == "lengths" } && inputs.none { it.shape.firstOrNull() == 1L }

    /**
     * Makes sure that the graph is one of the contract.
     *
     * @throws ModelException it has other inputs or outputs, or gives another number of probabilities.
     */
    fun checkGraph(format: Format, contract: TextContract) {
        val takes = INPUTS.getValue(format)
        val gives = listOf("${outputName(contract)} ${FLOATS.getValue(format)}[${if (contract.outputs == 1) 1 else 2}]")
        val taken = inputs.map { it.toString() }
        val given = outputs.map { it.toString() }
        // In any order, but none twice.
        if (takes.none { it.size == taken.size && taken.containsAll(it) } || given != gives) {
            throw ModelException(
                "the graph takes ${listed(taken)} and gives ${listed(given)}; expected " +
                    "${takes.joinToString(" or ") { listed(it) }} and ${listed(gives)}",
            )
        }
        val each = outputs[0].shape.getOrElse(1) { 1 }
        if (each != contract.outputs.toLong()) {
            throw ModelException(
                "the graph gives ${if (each < 1) "any number of" else each} probabilities for a text, the " +
                    "contract has ${contract.outputs}",
            )
        }
    }

    private companion object {
        /** A graph for one text a call takes no lengths. */
        val INPUTS =
            mapOf(
                Format.ONNX to listOf(listOf("ids INT32[2]", "lengths INT32[1]"), listOf("ids INT32[2]")),
                Format.TFLITE to listOf(listOf("ids INT32[2]")),
            )

        /** What a 32-bit float is called. */
        val FLOATS = mapOf(Format.ONNX to "FLOAT", Format.TFLITE to "FLOAT32")

        fun listed(tensors: List<String>): String = tensors.joinToString(", ").ifEmpty { "nothing" }
    }
}

/** The name of what a graph gives; a TFLite graph's tensors may have any. */
internal fun outputName(contract: TextContract): String = if (contract.outputs == 1) "probability" else "probabilities"
