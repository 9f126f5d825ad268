package org.edgernn.bundle

/** Whether the loops of a graph end: `_check_loops` of `edgernn/bundle/tflite/structure.py`. */
internal class TfliteLoops(private val graphs: List<FlatGraph>) {
    private val main = graphs[0]

    /** Each inner graph is the condition or body of one loop in the main graph, which ends. */
    fun check() {
        val used = HashSet<Int>()
        for (loop in graphs.flatMap { it.operators }.filter { it.name == WHILE }) {
            if (loop.outputs.any { main.makers[it] !== loop }) throw FlatException("a loop in a loop")
            if (loop.options.any { it !in 1 until graphs.size || it in used }) {
                throw FlatException("a loop without graphs of its own")
            }
            used += loop.options
            check(loop, graphs[loop.options[0]], graphs[loop.options[1]])
        }
        if (used.size != graphs.size - 1) throw FlatException("a subgraph that nothing calls")
    }

    /** What a loop passes on keeps its type and shape; it counts up to the length of a tensor. */
    private fun check(loop: FlatOperator, condition: FlatGraph, body: FlatGraph) {
        val state = kinds(main, loop.inputs)
        val others =
            listOf(
                kinds(main, loop.outputs), kinds(condition, condition.inputs),
                kinds(body, body.inputs), kinds(body, body.outputs),
            )
        if (others.any { it != state }) throw FlatException("a loop that changes the shape of its state")
        val less = condition.operators.singleOrNull()
        if (less?.name != "LESS" || condition.outputs != less.outputs) throw otherCondition()
        val (counter, bound) = less.inputs.map { condition.inputs.indexOf(it) }
        if (counter < 0 || bound < 0) throw otherCondition()
        val step = body.makers[body.outputs[counter]]
        val limit = main.makers[loop.inputs[bound]]
        val length = limit?.let { main.makers[it.inputs[0]] }
        if (
            main.tensors[loop.inputs[counter]].numbers != listOf(0) ||
            step?.name != "ADD" ||
            step.inputs[0] != body.inputs[counter] ||
            body.tensors[step.inputs[1]].numbers != listOf(1) ||
            body.outputs[bound] != body.inputs[bound] ||
            limit?.name != "STRIDED_SLICE" ||
            length?.name != "SHAPE"
        ) {
            throw FlatException("a loop that does not count up to a length")
        }
    }

    /** Letters and shapes; a variable is a float32 tensor that keeps its values between calls. */
    private fun kinds(graph: FlatGraph, numbers: List<Int>): List<Pair<Char, List<Int>>> =
        numbers.map { number ->
            val tensor = graph.tensors[number]
            val lower = tensor.letter.lowercaseChar()
            val letter = if (lower == TfliteForms.VARIABLES['f']) 'f' else lower
            letter to tensor.shape
        }

    private fun otherCondition() = FlatException("a loop with another condition than an export has")

    private companion object {
        const val WHILE = "WHILE"
    }
}
