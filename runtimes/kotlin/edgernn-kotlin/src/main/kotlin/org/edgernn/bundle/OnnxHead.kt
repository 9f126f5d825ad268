package org.edgernn.bundle

/**
 * What an .onnx file's graph takes and gives; and that it reads no other file, which a tensor
 * anywhere in it might ask a runtime for.
 */
internal class OnnxHead(bytes: ByteArray) {
    /** The graph's inputs without those that an initializer fills. */
    val inputs: List<Tensor>
        get() = given.filter { it.name !in filled }

    /** The graph's outputs. */
    val outputs: List<Tensor>
        get() = gives

    private val given = ArrayList<Tensor>()
    private val gives = ArrayList<Tensor>()
    private val filled = HashSet<String>()

    init {
        var hasGraph = false
        val model = ProtoReader(bytes, 0, bytes.size, Budget(OnnxFile.MAX_FIELDS))
        while (model.next()) {
            // A message field that occurs twice is one message in two parts.
            if (model.number == MODEL_GRAPH) {
                hasGraph = true
                readGraph(model.message())
            }
            if (model.number == MODEL_TRAINING || model.number == MODEL_FUNCTION) {
                throw ProtoException("a model with field ${model.number}")
            }
        }
        if (!hasGraph) throw ProtoException("no graph inside")
    }

    private fun readGraph(graph: ProtoReader) {
        while (graph.next()) {
            when (graph.number) {
                GRAPH_INPUT -> given += value(graph.message())
                GRAPH_OUTPUT -> gives += value(graph.message())
                GRAPH_INITIALIZER -> filled += tensorName(graph.message())
                GRAPH_SPARSE -> throw ProtoException("a graph with field $GRAPH_SPARSE")
                GRAPH_NODE -> checkNode(graph.message())
            }
        }
    }

    /** An export has no operator that holds a graph or a tensor. */
    private fun checkNode(node: ProtoReader) {
        while (node.next()) {
            if (node.number != NODE_ATTRIBUTE) continue
            val attribute = node.message()
            while (attribute.next()) {
                if (attribute.number in HOLDS_TENSORS) {
                    throw ProtoException("an attribute with field ${attribute.number}")
                }
            }
        }
    }

    /** Returns a TensorProto's name. */
    private fun tensorName(tensor: ProtoReader): String {
        var name = ""
        var external = false
        while (tensor.next()) {
            when (tensor.number) {
                TENSOR_NAME -> name = tensor.text()
                TENSOR_EXTERNAL_DATA -> external = true
                TENSOR_DATA_LOCATION -> external = external || tensor.integer != 0L
            }
        }
        if (external) {
            throw ProtoException("tensor ${shown(name.take(80))} has its values in another file")
        }
        return name
    }

    /** Returns a ValueInfoProto. */
    private fun value(info: ProtoReader): Tensor {
        var name = ""
        var type = "UNDEFINED"
        var shape = emptyList<Long>()
        while (info.next()) {
            if (info.number == VALUE_NAME) name = info.text()
            if (info.number != VALUE_TYPE) continue
            val choice = info.message()
            while (choice.next()) {
                if (choice.number != TYPE_TENSOR) continue
                val tensor = choice.message()
                while (tensor.next()) {
                    if (tensor.number == TENSOR_TYPE_ELEMENT) type = typeName(tensor.integer)
                    if (tensor.number == TENSOR_TYPE_SHAPE) shape = dimensions(tensor.message())
                }
            }
        }
        return Tensor(name, type, shape)
    }

    /** Returns the dimensions of a TensorShapeProto; -1 for one without a size. */
    private fun dimensions(shape: ProtoReader): List<Long> {
        val sizes = ArrayList<Long>()
        while (shape.next()) {
            if (shape.number != SHAPE_DIMENSION) continue
            var size = -1L
            val dimension = shape.message()
            while (dimension.next()) if (dimension.number == DIMENSION_SIZE) size = dimension.integer
            sizes += size
        }
        return sizes
    }

    private fun typeName(number: Long): String =
        if (number in TYPES.indices) TYPES[number.toInt()] else "TYPE_$number"

    private companion object {
        const val MODEL_GRAPH = 7
        const val MODEL_TRAINING = 20
        const val MODEL_FUNCTION = 25
        const val GRAPH_NODE = 1
        const val GRAPH_INITIALIZER = 5
        const val GRAPH_INPUT = 11
        const val GRAPH_OUTPUT = 12
        const val GRAPH_SPARSE = 15
        const val NODE_ATTRIBUTE = 5
        const val TENSOR_NAME = 8
        const val TENSOR_EXTERNAL_DATA = 13
        const val TENSOR_DATA_LOCATION = 14
        const val VALUE_NAME = 1
        const val VALUE_TYPE = 2
        const val TYPE_TENSOR = 1
        const val TENSOR_TYPE_ELEMENT = 1
        const val TENSOR_TYPE_SHAPE = 2
        const val SHAPE_DIMENSION = 1
        const val DIMENSION_SIZE = 1

        /** Of AttributeProto: t, g, tensors, graphs, sparse_tensor, sparse_tensors. */
        val HOLDS_TENSORS = setOf(5, 6, 10, 11, 22, 23)

        /** Names of TensorProto.DataType, at the place of their number. */
        val TYPES =
            listOf(
                "UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64",
                "STRING", "BOOL", "FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64",
                "COMPLEX128", "BFLOAT16",
            )
    }
}
