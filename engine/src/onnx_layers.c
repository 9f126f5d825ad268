/*
 * Embedding, stored weights, dense layers and functions of numbers in an ONNX graph.
 */
#include "onnx_match.h"
#include "onnx_schema.h"

bool match_onnx_embedding(reading *reading, operation *operation) {
    const value *first = operation->inputs[0], *second = operation->inputs[1];
    if (is(operation, "Gather") && takes_two(operation, CONSTANT, IDS)) {
        /* The exporter leaves out the axis of a table of scales. */
        const bool is_first =
            operation->node->attribute_count == 0 || has_integer(operation, "axis", 0);
        const bool is_stored =
            !first->constant->is_decoded || first->constant->type == ELEMENT_FLOAT32;
        return second->steps == NULL && is_first && is_stored &&
               give_state(operation, looked_up(reading, first->constant));
    }
    if (is(operation, "Cast") && takes_one(operation, STATE)) {
        return has_integer(operation, "to", DATA_FLOAT) &&
               give_state(operation, rows_as_floats(reading, first->state));
    }
    if (!is(operation, "Mul")) {
        return false;
    }
    return (takes_two(operation, STATE, CONSTANT) &&
            give_state(operation, rows_times_constant(reading, first->state, second->constant))) ||
           (takes_two(operation, STATE, STATE) &&
            give_state(operation, rows_times_scales(reading, first->state, second->state)));
}

static bool match_dequantize(reading *reading, operation *operation, stored *weights) {
    if (!takes(operation, 3, (const kind[]){CONSTANT, CONSTANT, CONSTANT})) {
        return false;
    }
    stored *scales = operation->inputs[1]->constant;
    const stored *zeros = operation->inputs[2]->constant;
    const bool by_row = has_integer(operation, "axis", 0);
    if (weights->type != ELEMENT_INT8 || weights->rank != 2 || weights->is_decoded ||
        (!by_row && !has_integer(operation, "axis", 1)) || scales->type != ELEMENT_FLOAT32 ||
        scales->rank != 1 || scales->dims[0] != weights->dims[by_row ? 0 : 1] ||
        zeros->type != ELEMENT_INT8 || zeros->rank != 1 || zeros->count != scales->count ||
        zeros->is_decoded || !is_zero(reading, zeros)) {
        return false;
    }
    weights->scales = scales;
    weights->inner = by_row ? (size_t)weights->dims[1] : 1;
    weights->is_decoded = true;
    return true;
}

static bool match_reshape(operation *operation, stored *weights) {
    if (!takes_two(operation, CONSTANT, CONSTANT)) {
        return false;
    }
    const stored *shape = operation->inputs[1]->constant;
    if (!is_weights(weights) || shape->type != ELEMENT_INT64 || shape->rank != 1 ||
        shape->count != 3) {
        return false;
    }
    uint64_t count = 1;
    for (size_t i = 0; i < 3; i++) {
        const int64_t size = stored_integer(shape, i);
        if (size <= 0 || (uint64_t)size > weights->count) {
            return false;
        }
        weights->dims[i] = (int32_t)size;
        count *= (uint64_t)size; /* each factor is at most 2^25, so three are below 2^64 */
        if (count > weights->count) {
            return false;
        }
    }
    weights->rank = 3;
    return count == weights->count;
}

/* int8 that was cast, times a scale for each row [.., rows, 1], or for each column [1, columns]. */
static bool match_weight_scales(operation *operation, stored *weights) {
    if (!takes_two(operation, CONSTANT, CONSTANT)) {
        return false;
    }
    stored *scales = operation->inputs[1]->constant;
    const int32_t last = weights->rank - 1;
    if (weights->type != ELEMENT_INT8 || !weights->is_decoded || weights->scales != NULL ||
        (weights->rank != 2 && weights->rank != 3) || scales->type != ELEMENT_FLOAT32 ||
        scales->rank != weights->rank) {
        return false;
    }
    const bool by_column = weights->rank == 2;
    for (int32_t i = 0; i <= last; i++) {
        const bool is_one = by_column ? i == 0 : i == last;
        if (scales->dims[i] != (is_one ? 1 : weights->dims[i])) {
            return false;
        }
    }
    weights->scales = scales;
    weights->inner = by_column ? 1 : (size_t)weights->dims[last];
    return true;
}

/* Stored weights that become float32 weights, whatever reads them. */
bool match_onnx_weights(reading *reading, operation *operation) {
    if (operation->node->input_count == 0 || operation->inputs[0]->kind != CONSTANT) {
        return false;
    }
    stored *weights = copy_stored(reading, operation->inputs[0]->constant);
    if (weights == NULL) {
        return false;
    }
    bool is_form = false;
    if (is(operation, "Cast")) {
        is_form =
            operation->node->input_count == 1 && !weights->is_decoded &&
            (weights->type == ELEMENT_FLOAT16
                 ? weights->rank == 2
                 : weights->type == ELEMENT_INT8 && (weights->rank == 2 || weights->rank == 3)) &&
            has_integer(operation, "to", DATA_FLOAT);
        weights->is_decoded = true;
    } else if (is(operation, "DequantizeLinear")) {
        is_form = match_dequantize(reading, operation, weights);
    } else if (is(operation, "Mul")) {
        is_form = match_weight_scales(operation, weights);
    } else if (is(operation, "Reshape")) {
        is_form = match_reshape(operation, weights);
    }
    give(operation, CONSTANT, NULL)->constant = weights;
    return is_form && operation->node->output_count == 1;
}

bool match_onnx_dense(reading *reading, operation *operation) {
    if (!is(operation, "MatMul") || !takes_two(operation, STATE, CONSTANT)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    stored *kernel = operation->inputs[1]->constant;
    if (before->is_masked || !is_weights(kernel) || kernel->rank != 2 ||
        kernel->dims[0] != before->features ||
        (!has_axes(before, 3, STEPS_OF_TEXTS) && !has_axes(before, 2, VECTORS_OF_TEXTS))) {
        return false;
    }
    state *state = after(reading, before, MADE_PRODUCT);
    if (state == NULL) {
        return false;
    }
    const size_t inputs = (size_t)kernel->dims[0], units = (size_t)kernel->dims[1];
    state->features = kernel->dims[1];
    state->kernel = (view){kernel, 0, {1, inputs, units}, {0, units, 1}};
    state->layer.kind = LAYER_DENSE;
    state->layer.dense = (dense){.inputs = kernel->dims[0], .units = kernel->dims[1]};
    return give_state(operation, state);
}

static const state *one_state(reading *reading, operation *operation, const state *of) {
    static const struct {
        const char *operator;
        function function;
    } FUNCTIONS[] = {{"Relu", RELU}, {"Tanh", TANH}, {"Sigmoid", SIGMOID}, {"Elu", ELU}};
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        if (is(operation, FUNCTIONS[i].operator)) {
            return apply_function(reading, of, FUNCTIONS[i].function, 0);
        }
    }
    if (is(operation, "Abs")) {
        return apply_abs(reading, of);
    }
    if (is(operation, "LeakyRelu")) {
        const onnx_attribute *alpha = find_attribute(operation, "alpha", ATTRIBUTE_FLOAT);
        return alpha == NULL ? NULL : apply_function(reading, of, LEAKY_RELU, alpha->floats[0]);
    }
    if (is(operation, "Softmax") && has_axes(of, 2, VECTORS_OF_TEXTS) && !of->is_masked &&
        (operation->node->attribute_count == 0 || has_integer(operation, "axis", -1) ||
         has_integer(operation, "axis", 1))) {
        return after(reading, of, MADE_SOFTMAX);
    }
    return NULL;
}

bool match_onnx_function(reading *reading, operation *operation) {
    const value *a = operation->inputs[0], *b = operation->inputs[1];
    const state *found = NULL;
    if (takes(operation, 1, (const kind[]){STATE})) {
        found = one_state(reading, operation, a->state);
    } else if (takes_two(operation, STATE, CONSTANT) && b->constant->type == ELEMENT_FLOAT32) {
        found = is(operation, "Mul")   ? times_constant(reading, a->state, b->constant)
                : is(operation, "Add") ? plus_constant(reading, a->state, b->constant)
                : is(operation, "Min") ? least_of_constant(reading, a->state, b->constant)
                                       : NULL;
    } else if (takes_two(operation, STATE, STATE)) {
        found = is(operation, "Mul")   ? times_state(reading, a->state, b->state)
                : is(operation, "Add") ? plus_state(reading, a->state, b->state)
                : is(operation, "Div") ? divided_by_state(reading, a->state, b->state)
                                       : NULL;
    }
    return give_state(operation, found);
}
