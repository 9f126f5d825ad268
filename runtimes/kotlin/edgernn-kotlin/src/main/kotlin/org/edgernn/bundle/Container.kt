package org.edgernn.bundle

import org.edgernn.Format
import org.edgernn.ModelException

/**
 * An input or output of a graph.
 *
 * @property axes its number of dimensions.
 */
internal data class Tensor(val name: String, val type: String, val axes: Int)

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
    /**
     * Makes sure that the graph is one of the contract.
     *
     * @throws ModelException it has other inputs or outputs.
     */
    fun checkGraph(format: Format) {
        val takes = INPUTS.getValue(format)
        val gives = OUTPUTS.getValue(format)
        // In any order, but none twice.
        if (inputs.size != takes.size || outputs != gives || !inputs.containsAll(takes)) {
            throw ModelException(
                "the graph takes ${listed(inputs)} and gives ${listed(outputs)}; expected " +
                    "${listed(takes)} and ${listed(gives)}",
            )
        }
    }

    private companion object {
        val INPUTS =
            mapOf(
                Format.ONNX to listOf(Tensor("ids", "INT32", 2), Tensor("lengths", "INT32", 1)),
                Format.TFLITE to listOf(Tensor("ids", "INT32", 2)),
            )
        val OUTPUTS =
            mapOf(
                Format.ONNX to listOf(Tensor("probability", "FLOAT", 1)),
                Format.TFLITE to listOf(Tensor("probability", "FLOAT32", 1)),
            )

        fun listed(tensors: List<Tensor>): String =
            tensors.joinToString(", ") { "${it.name} ${it.type}[${it.axes}]" }.ifEmpty { "nothing" }
    }
}
