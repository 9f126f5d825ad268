package org.edgernn.bundle

/**
 * What matters of a TFLite flatbuffer, whose schema is
 * https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs.
 *
 * @property inputs of the main subgraph; the first by the contract's name, for it may have any.
 * @property outputs likewise; what has one dimension is one probability.
 * @property hasStateLoop whether it has a loop that XNNPACK scores wrong now and then: that of a GRU
 *   whose reset gate acts on the state. WHILE and SPLIT_V together mark it.
 */
internal class TfliteGraph private constructor(
    val inputs: List<Tensor>,
    val outputs: List<Tensor>,
    val hasStateLoop: Boolean,
) {
    companion object {
        private const val MODEL_OPERATOR_CODES = 1
        private const val MODEL_SUBGRAPHS = 2
        private const val CODE_DEPRECATED = 0
        private const val CODE_BUILTIN = 3
        private const val SUBGRAPH_TENSORS = 0
        private const val SUBGRAPH_INPUTS = 1
        private const val SUBGRAPH_OUTPUTS = 2
        private const val TENSOR_SHAPE = 0
        private const val TENSOR_TYPE = 1
        private const val SPLIT_V = 102
        private const val WHILE = 119

        /** Of Model: external_buffer_groups and external_buffers. */
        private val EXTERNAL = listOf(8, 9)

        /** Names of TensorType, at the place of their number. */
        private val TYPES =
            listOf(
                "FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64", "STRING", "BOOL", "INT16",
                "COMPLEX64", "INT8", "FLOAT64",
            )

        /**
         * Reads a flatbuffer that ends at [end].
         *
         * @throws FlatException it is no TFLite model, or keeps weights in other files.
         */
        fun read(bytes: ByteArray, end: Int): TfliteGraph {
            val model = FlatBuffer(bytes, end).root()
            if (EXTERNAL.any { model.span(it, 4).second > 0 }) {
                throw FlatException("the model keeps weights in other files, which are not read")
            }
            // Codes above 127 did not fit the first field, hence the second.
            val operators =
                model.tables(MODEL_OPERATOR_CODES).mapTo(HashSet()) {
                    maxOf(it.integer(CODE_DEPRECATED, 'b'), it.integer(CODE_BUILTIN, 'i')).toInt()
                }
            val main = model.tables(MODEL_SUBGRAPHS).firstOrNull() ?: throw FlatException("no subgraph inside")
            val tensors = main.tables(SUBGRAPH_TENSORS)
            val outputs = named("probability", main.int32s(SUBGRAPH_OUTPUTS), tensors)
            return TfliteGraph(
                named("ids", main.int32s(SUBGRAPH_INPUTS), tensors),
                outputs.mapIndexed { i, it -> if (i == 0 && it.axes != 1) it.copy(name = "probabilities") else it },
                WHILE in operators && SPLIT_V in operators,
            )
        }

        private fun named(name: String, numbers: List<Int>, tensors: List<FlatTable>): List<Tensor> =
            numbers.mapIndexed { i, number ->
                val tensor = tensors.getOrNull(number) ?: throw FlatException("tensor $number is not there")
                val type = tensor.integer(TENSOR_TYPE, 'b').toInt()
                Tensor(
                    if (i == 0) name else "${i + 1}",
                    TYPES.getOrNull(type) ?: "TYPE_$type",
                    tensor.integers(TENSOR_SHAPE, 'i'),
                )
            }
    }
}
