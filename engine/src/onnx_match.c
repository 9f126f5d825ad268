#include "onnx_match.h"

#include "names.h"
#include "onnx_schema.h"
#include "readers.h"

static matcher *const MATCHERS[] = {
    match_onnx_embedding, match_onnx_weights,   match_onnx_function, match_onnx_dense,
    match_onnx_shape,     match_onnx_recurrent, match_onnx_windows,  match_onnx_steps,
    match_onnx_mask,      match_onnx_pool,      match_onnx_ngrams,
    match_onnx_ngram_vectors,
};
enum { MATCHER_COUNT = sizeof MATCHERS / sizeof *MATCHERS };

static bool all_used(const operation *operation) {
    for (size_t i = 0; i < operation->node->attribute_count; i++) {
        if (!operation->used[i]) {
            return false;
        }
    }
    return true;
}

/* Find the form of an operation. */
static bool match(reading *reading, operation *operation) {
    const onnx_node *node = operation->node;
    operation->used = scratch(reading, node->attribute_count, sizeof *operation->used);
    for (size_t i = 0; i < MATCHER_COUNT && reading->status == EDGERNN_OK; i++) {
        __builtin_memset(operation->used, 0, node->attribute_count);
        for (size_t j = 0; j < node->output_count; j++) {
            *operation->outputs[j] = (value){0};
        }
        if (MATCHERS[i](reading, operation) && all_used(operation) &&
            (node->output_count == 1 || operation->outputs[1]->kind != NOTHING)) {
            return reading->status == EDGERNN_OK;
        }
    }
    return refuse(reading, EDGERNN_UNSUPPORTED, "in no form that an export has: operator ",
                  node->operator, "");
}

/* Whether the graph takes ids and lengths, and gives probabilities. */
static bool has_ends(const onnx_graph *graph) {
    const bool is_one = graph->input_count == 1;
    if ((!is_one && graph->input_count != 2) || graph->output_count != 1) {
        return false;
    }
    const onnx_end *ids = &graph->inputs[0], *lengths = &graph->inputs[1],
                   *found = &graph->outputs[0];
    const bool has_one = is_text(found->name, "probability") && found->rank == 1;
    const bool has_many = is_text(found->name, "probabilities") && found->rank == 2;
    const bool has_lengths =
        is_text(lengths->name, "lengths") && lengths->type == DATA_INT32 && lengths->rank == 1;
    return is_text(ids->name, "ids") && ids->type == DATA_INT32 && ids->rank == 2 &&
           (is_one ? ids->dims[0] == 1 : has_lengths) && found->type == DATA_FLOAT &&
           (has_one || has_many);
}

/* Whether a value is what the output says: one number a text, or a row of them. */
static bool is_output(const value *value, const onnx_end *end) {
    static const axis ONE[] = {AXIS_BATCH};
    if (value->kind != STATE) {
        return false;
    }
    return end->rank == 1 ? has_axes(value->state, 1, ONE) && value->state->features == 1
                          : has_axes(value->state, 2, VECTORS_OF_TEXTS) &&
                                value->state->features == end->dims[1] && end->dims[1] > 1;
}

/* Go through the operators; `values` has room for each name. */
static bool match_all(reading *reading, const onnx_graph *graph, names *names, value *values) {
    static const value nothing = {.kind = NOTHING};
    for (size_t i = 0; i < graph->node_count; i++) {
        const onnx_node *node = &graph->nodes[i];
        operation operation = {.node = node, .is_one = graph->input_count == 1};
        for (size_t j = 0; j < MAX_INPUTS; j++) {
            if (j >= node->input_count) {
                operation.inputs[j] = &nothing;
                continue;
            }
            const int32_t number = find_name(names, node->inputs[j]);
            if (number < 0 && node->inputs[j].size > 0) {
                return refuse(reading, EDGERNN_BROKEN, "read before it is there: tensor ",
                              node->inputs[j], "");
            }
            operation.inputs[j] = number < 0 ? &nothing : &values[number];
        }
        value unused[MAX_OUTPUTS];
        for (size_t j = 0; j < node->output_count; j++) {
            operation.outputs[j] = &unused[j];
            if (node->outputs[j].size > 0) {
                const int32_t number = add_name(reading, names, node->outputs[j]);
                if (number < 0) {
                    return false;
                }
                operation.outputs[j] = &values[number];
            }
        }
        if (node->output_count == 0 || !match(reading, &operation)) {
            return refuse(reading, EDGERNN_UNSUPPORTED, "no output: operator ", node->operator, "");
        }
    }
    return true;
}

static bool read(reading *reading, text file, network *network) {
    onnx_graph graph = {0};
    if (!parse_onnx(reading, file, &graph)) {
        return false;
    }
    if (!has_ends(&graph)) {
        return unsupported(reading, "other inputs and outputs than ids, lengths and probability");
    }
    names names = {0};
    const size_t most = 2 + graph.stored_count + MAX_OUTPUTS * graph.node_count;
    value *values = scratch(reading, most, sizeof *values);
    if (values == NULL || !start_names(reading, &names, most)) {
        return false;
    }
    values[add_name(reading, &names, graph.inputs[0].name)].kind = IDS;
    if (graph.input_count == 2) {
        values[add_name(reading, &names, graph.inputs[1].name)].kind = LENGTHS;
    }
    for (size_t i = 0; i < graph.stored_count; i++) {
        const int32_t number = add_name(reading, &names, graph.stored[i].name);
        if (number < 0) {
            return false;
        }
        values[number].kind = CONSTANT;
        values[number].constant = &graph.stored[i];
    }
    if (!match_all(reading, &graph, &names, values)) {
        return false;
    }
    const int32_t output = find_name(&names, graph.outputs[0].name);
    if (output < 0 || !is_output(&values[output], &graph.outputs[0])) {
        return unsupported(reading, "an output that is no probability");
    }
    return build_network(reading, values[output].state, network);
}

edgernn_status read_onnx(const uint8_t *file, size_t size, arena *arena, network *network,
                         edgernn_error *error) {
    reading reading = {.kept = arena, .scratch = {arena->allocator, NULL}, .error = error};
    read(&reading, (text){file, size}, network);
    arena_release(&reading.scratch);
    return reading.status;
}
