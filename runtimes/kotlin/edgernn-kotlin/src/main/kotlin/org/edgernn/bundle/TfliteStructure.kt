package org.edgernn.bundle

/** A tensor, as far as it is checked; see [TfliteForms.LETTERS] for its letter. */
internal class FlatTensor(val letter: Char, val shape: List<Int>, val numbers: List<Int>?) {
    val isConstant: Boolean
        get() = letter.isUpperCase()
}

/** An operator; tensors by their number in the graph. */
internal class FlatOperator(
    val name: String,
    val inputs: List<Int>,
    val outputs: List<Int>,
    val options: List<Int>,
)

/** A subgraph. */
internal class FlatGraph(
    val tensors: List<FlatTensor>,
    val inputs: List<Int>,
    val outputs: List<Int>,
    val operators: List<FlatOperator>,
) {
    /** Which operator writes each computed tensor. */
    val makers: Map<Int, FlatOperator> by lazy {
        val found = HashMap<Int, FlatOperator>()
        for (operator in operators) for (number in operator.outputs) found[number] = operator
        found
    }
}

/**
 * Whether a .tflite graph may be given to the engine: of known parts, soundly put together.
 *
 * The engine checks offsets, and little of what they mean. So each tensor, operator and loop is
 * compared with what edgernn's exporter writes ([TfliteForms]). This is
 * `edgernn/bundle/tflite/structure.py`, check by check; both replay the graphs of
 * runtimes/conformance.
 */
internal class TfliteStructure private constructor(private val model: FlatTable) {
    private val buffers = model.tables(MODEL_BUFFERS).map { buffer(it) }
    private val codes =
        model.tables(MODEL_OPERATOR_CODES).map {
            // Codes above 127 did not fit the first field, hence the second.
            val number = maxOf(it.integer(CODE_DEPRECATED, 'b'), it.integer(CODE_BUILTIN, 'i')).toInt()
            if (number < 0) throw FlatException("operator number $number")
            if (number == CUSTOM) it.text(CODE_CUSTOM)
            // Of no use here; an engine reads it, so it must be there to read.
            it.integer(CODE_VERSION, 'i')
            number
        }
    private val graphs = model.tables(MODEL_SUBGRAPHS).map { graph(it) }

    private fun check(vocabularySize: Int) {
        if (graphs.isEmpty()) throw FlatException("no subgraph inside")
        checkNames()
        if (buffers.sumOf { it.second.toLong() } > 4L * MAX_ELEMENTS) throw FlatException("more weights than are read")
        graphs.forEach { checkOrder(it) }
        TfliteLoops(graphs).check()
        graphs.forEachIndexed { i, graph ->
            TfliteIds(graph, if (i == 0) graph.inputs else emptyList(), vocabularySize).check()
        }
    }

    /** Returns start and size of a buffer's bytes; the size is 0 where it has none. */
    private fun buffer(table: FlatTable): Pair<Int, Int> {
        if (table.integer(BUFFER_OFFSET, 'q') != 0L || table.integer(BUFFER_SIZE, 'q') != 0L) {
            throw FlatException("weights outside the flatbuffer")
        }
        val span = table.span(BUFFER_DATA, 1)
        if (span.first % 4 != 0) throw FlatException("weights that are not aligned")
        return span
    }

    private fun graph(table: FlatTable): FlatGraph {
        table.text(SUBGRAPH_NAME)
        val tensors = table.tables(SUBGRAPH_TENSORS).map { tensor(it) }
        val inputs = table.int32s(SUBGRAPH_INPUTS)
        val outputs = table.int32s(SUBGRAPH_OUTPUTS)
        val operators = table.tables(SUBGRAPH_OPERATORS).map { operator(it, tensors) }
        for (number in inputs + outputs) {
            if (pick(tensors, number, "tensor").isConstant) {
                throw FlatException("tensor $number is a constant and an input or output")
            }
        }
        return FlatGraph(tensors, inputs, outputs, operators)
    }

    private fun tensor(table: FlatTable): FlatTensor {
        table.text(TENSOR_NAME)
        val type = table.integer(TENSOR_TYPE, 'b').toInt()
        val letter = letter(table, type)
        val shape = table.int32s(TENSOR_SHAPE)
        val elements = product(shape)
        // A size of 0 stands for one that the converter did not know.
        if (shape.any { it !in 0..MAX_ELEMENTS } || elements > MAX_ELEMENTS) throw FlatException("a tensor of shape $shape")
        val signature = table.int32s(TENSOR_SHAPE_SIGNATURE)
        val differs = signature.indices.any { signature[it] != -1 && signature[it] != shape.getOrNull(it) }
        if (signature.isNotEmpty() && (signature.size != shape.size || differs)) {
            throw FlatException("a tensor of shape $shape and $signature")
        }
        if (table.has(TENSOR_SPARSITY) || table.has(TENSOR_VARIANTS) || table.integer(TENSOR_EXTERNAL, 'I') != 0L) {
            throw FlatException("a tensor that is stored in an unknown way")
        }
        val (start, size) = pick(buffers, table.integer(TENSOR_BUFFER, 'I'), "buffer")
        var given = letter
        if (table.integer(TENSOR_IS_VARIABLE, 'B') != 0L) {
            val variable = TfliteForms.VARIABLES[letter]
            if (variable == null || size > 0) throw FlatException("a variable of type $type or with values")
            given = variable
        } else if (size > 0) {
            if (size.toLong() != elements * TfliteForms.SIZES.getValue(type)) {
                throw FlatException("a tensor of type $type and shape $shape with $size bytes")
            }
            return FlatTensor(letter.uppercaseChar(), shape, if (letter == WHOLE) numbers(start, size / 4) else null)
        }
        if (elements > MAX_COMPUTED) throw FlatException("a computed tensor of shape $shape")
        return FlatTensor(given, shape, null)
    }

    private fun numbers(start: Int, count: Int): List<Int> {
        model.buffer.charge(4L * count)
        return List(count) { model.buffer.scalar(start + 4 * it, 'i').toInt() }
    }

    /** Returns the letter of a tensor's type and scale: none, or a finite positive one. */
    private fun letter(tensor: FlatTable, type: Int): Char {
        val plain = TfliteForms.LETTERS[type] ?: throw FlatException("a tensor of type $type")
        val table = tensor.table(TENSOR_QUANTIZATION) ?: return plain
        // The bits of a positive finite float are those of an integer below infinity's.
        val scales = table.integers(QUANTIZATION_SCALE, 'I')
        val zeros = table.integers(QUANTIZATION_ZERO, 'q')
        if (table.has(QUANTIZATION_DETAILS)) throw FlatException("a tensor that is quantized in an unknown way")
        if (scales.isEmpty() && zeros.isEmpty()) return plain
        val quantized = TfliteForms.QUANTIZED[type] ?: throw FlatException("a tensor of type $type with a scale")
        val sound = zeros.size == 1 && scales.size == 1 && scales[0] in 1L until INFINITY
        val shifted = if (sound && zeros[0] in -128L..127L) TfliteForms.SHIFTED[type] else null
        if (sound && zeros[0] == 0L) return quantized
        return shifted ?: throw FlatException("a tensor of type $type without one sound scale")
    }

    private fun operator(table: FlatTable, tensors: List<FlatTensor>): FlatOperator {
        val code = pick(codes, table.integer(OPERATOR_CODE, 'I'), "operator code")
        val form = TfliteForms.FORMS[code] ?: throw FlatException("operator $code is not known here: update edgernn")
        val inputs = table.int32s(OPERATOR_INPUTS)
        val outputs = table.int32s(OPERATOR_OUTPUTS)
        val between = table.int32s(OPERATOR_INTERMEDIATES)
        fun letters(numbers: List<Int>) = numbers.map { pick(tensors, it, "tensor").letter }.joinToString("")
        val given = inputs.map { if (it == -1) '-' else pick(tensors, it, "tensor").letter }.joinToString("")
        val behind = if (between.isEmpty()) "" else "~" + letters(between)
        if (!form.takes("$given>${letters(outputs)}$behind")) {
            throw FlatException("operator ${form.name} with other inputs or outputs than an export has")
        }
        if (
            OPERATOR_STRANGE.any { table.has(it, 1) } ||
            table.integer(OPERATOR_OPTIONS_2_TYPE, 'B') != 0L ||
            table.integer(OPERATOR_OPTIONS_TYPE, 'B') != form.optionsType.toLong()
        ) {
            throw FlatException("operator ${form.name} with unknown options")
        }
        return FlatOperator(form.name, inputs, outputs, options(table.table(OPERATOR_OPTIONS), form, outputs.size))
    }

    private fun options(table: FlatTable?, form: Form, outputs: Int): List<Int> {
        if (table == null && form.options.isNotEmpty()) {
            throw FlatException("operator ${form.name} without its options")
        }
        if (table == null) return emptyList()
        val values = form.options.mapIndexed { i, option -> table.integer(i, option.kind) }
        if (table.hasMoreThan(form.options.size)) throw FlatException("operator ${form.name} with unknown options")
        for ((value, option) in values.zip(form.options)) {
            if (!option.allows(value, outputs)) {
                throw FlatException("operator ${form.name} with an option that no export has")
            }
        }
        return values.map { it.toInt() }
    }

    /** Metadata and signatures: what they point at is there, and none changes how a graph runs. */
    private fun checkNames() {
        for (entry in model.tables(MODEL_METADATA)) {
            val name = entry.text(METADATA_NAME)
            if (name !in TfliteForms.METADATA || entry.integer(METADATA_BUFFER, 'I') >= buffers.size) {
                throw FlatException("metadata ${shown(name.orEmpty().take(80))}")
            }
        }
        for (signature in model.tables(MODEL_SIGNATURES)) {
            if (signature.integer(SIGNATURE_SUBGRAPH, 'I') != 0L) throw FlatException("a signature of an inner subgraph")
            val ends = listOf(SIGNATURE_INPUTS to graphs[0].inputs, SIGNATURE_OUTPUTS to graphs[0].outputs)
            for ((field, numbers) in ends) {
                val named = signature.tables(field).map { it.integer(MAP_TENSOR, 'I') }
                if (named != numbers.map { it.toLong() }) {
                    throw FlatException("a signature of other inputs or outputs than the graph's")
                }
            }
        }
    }

    /** Each tensor is written once, before it is read. */
    private fun checkOrder(graph: FlatGraph) {
        val states = TfliteForms.VARIABLES.values
        val variable = graph.tensors.indices.filterTo(HashSet()) { graph.tensors[it].letter in states }
        if (graph.inputs.toSet().size < graph.inputs.size || (graph.inputs + graph.outputs).any { it in variable }) {
            throw FlatException("inputs or outputs that are states or appear twice")
        }
        val written = graph.tensors.indices.filterTo(HashSet()) { graph.tensors[it].isConstant }
        written += graph.inputs
        for (operator in graph.operators) {
            for (number in operator.inputs) {
                if (number != -1 && number !in written && number !in variable) {
                    throw FlatException("operator ${operator.name} reads tensor $number too early")
                }
            }
            for (number in operator.outputs) {
                if (!written.add(number)) throw FlatException("operator ${operator.name} writes tensor $number again")
            }
        }
        if (!written.containsAll(graph.outputs)) throw FlatException("an output that no operator writes")
    }

    companion object {
        private const val MODEL_OPERATOR_CODES = 1
        private const val MODEL_SUBGRAPHS = 2
        private const val MODEL_BUFFERS = 4
        private const val MODEL_METADATA = 6
        private const val MODEL_SIGNATURES = 7
        private const val CODE_DEPRECATED = 0
        private const val CODE_CUSTOM = 1
        private const val CODE_VERSION = 2
        private const val CODE_BUILTIN = 3

        /** The builtin code of an operator that is known by its name. */
        private const val CUSTOM = 32
        private const val BUFFER_DATA = 0
        private const val BUFFER_OFFSET = 1
        private const val BUFFER_SIZE = 2
        private const val METADATA_NAME = 0
        private const val METADATA_BUFFER = 1
        private const val SIGNATURE_INPUTS = 0
        private const val SIGNATURE_OUTPUTS = 1
        private const val SIGNATURE_SUBGRAPH = 4
        private const val MAP_TENSOR = 1
        private const val SUBGRAPH_TENSORS = 0
        private const val SUBGRAPH_INPUTS = 1
        private const val SUBGRAPH_OUTPUTS = 2
        private const val SUBGRAPH_OPERATORS = 3
        private const val SUBGRAPH_NAME = 4
        private const val TENSOR_SHAPE = 0
        private const val TENSOR_TYPE = 1
        private const val TENSOR_BUFFER = 2
        private const val TENSOR_NAME = 3
        private const val TENSOR_QUANTIZATION = 4
        private const val TENSOR_IS_VARIABLE = 5
        private const val TENSOR_SPARSITY = 6
        private const val TENSOR_SHAPE_SIGNATURE = 7
        private const val TENSOR_VARIANTS = 9
        private const val TENSOR_EXTERNAL = 10
        private const val QUANTIZATION_SCALE = 2
        private const val QUANTIZATION_ZERO = 3
        private const val QUANTIZATION_DETAILS = 5
        private const val OPERATOR_CODE = 0
        private const val OPERATOR_INPUTS = 1
        private const val OPERATOR_OUTPUTS = 2
        private const val OPERATOR_OPTIONS_TYPE = 3
        private const val OPERATOR_OPTIONS = 4
        private const val OPERATOR_INTERMEDIATES = 8
        private const val OPERATOR_OPTIONS_2_TYPE = 11

        /** Of Operator: custom_options, mutating_variable_inputs, large_custom_options_offset. */
        private val OPERATOR_STRANGE = listOf(5, 7, 9)
        private const val INFINITY = 0x7F80_0000L
        private const val WHOLE = 'i'

        /** Of all constants together: 128 MiB once they are float32. */
        private const val MAX_ELEMENTS = 1 shl 25

        /** Of a tensor that is computed, for a text of one token; and of a shape that a constant gives. */
        const val MAX_COMPUTED = 1 shl 20

        /**
         * Checks a flatbuffer that ends at [end].
         *
         * @param vocabularySize every id that the graph is given is below it.
         * @throws FlatException it is broken, holds operators or data that no export has, or looks
         *   ids up in a table with fewer rows.
         */
        fun check(bytes: ByteArray, end: Int, vocabularySize: Int) {
            if (end < 8 || !bytes.startsWith("TFL3", 4)) throw FlatException("no 'TFL3' at byte 4")
            TfliteStructure(FlatBuffer(bytes, end).root()).check(vocabularySize)
        }

        /** Multiplies sizes; what is larger than any bound here stays so. */
        fun product(sizes: List<Int>): Long {
            if (0 in sizes) return 0
            var product = 1L
            for (size in sizes) product = minOf(product * Math.abs(size.toLong()), Int.MAX_VALUE.toLong())
            return product
        }

        private fun <T> pick(items: List<T>, index: Number, what: String): T {
            val number = index.toLong()
            if (number < 0 || number >= items.size) throw FlatException("$what $number is not there")
            return items[number.toInt()]
        }
    }
}
