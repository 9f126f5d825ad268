/*
 * Embedding, stored weights, dense layers and functions of numbers in a TFLite graph.
 */
#include "tflite_match.h"

/* Options that are all left out or 0. */
static bool has_zeros(reading *reading, const operation *operation, int32_t type, size_t count) {
    if (!has_options(reading, operation, type, count)) {
        return false;
    }
    for (size_t field = 0; field < count; field++) {
        if (option(reading, operation, field, 1) != 0) {
            return false;
        }
    }
    return true;
}

static bool match_gather(reading *reading, operation *operation) {
    return takes_two(operation, CONSTANT, IDS) &&
           has_options(reading, operation, OPTIONS_GATHER, 2) &&
           option(reading, operation, 0, 4) == 0 && option(reading, operation, 1, 4) == 0 &&
           give_state(operation, looked_up(reading, operation->inputs[0]->constant));
}

/* Stored halves that become float32: weights, or rows that were looked up. */
static bool match_dequantize(reading *reading, operation *operation) {
    if (takes_one(operation, STATE)) {
        const state *rows = operation->inputs[0]->state;
        return rows->made == MADE_ROWS && rows->first->type == ELEMENT_FLOAT16 &&
               give_state(operation, rows_as_floats(reading, rows));
    }
    if (!takes_one(operation, CONSTANT) ||
        operation->inputs[0]->constant->type != ELEMENT_FLOAT16) {
        return false;
    }
    stored *weights = copy_stored(reading, operation->inputs[0]->constant);
    if (weights == NULL) {
        return false;
    }
    weights->is_decoded = true;
    if (operation->results[0]->is_variable) {
        give(operation, VARIABLE)->number = 1; /* written */
        return is_zero(reading, weights);
    }
    give(operation, CONSTANT)->constant = weights;
    return true;
}

bool match_tflite_embedding(reading *reading, operation *operation) {
    const state *first = operation->inputs[0]->state;
    switch (operation->operator->code) {
    case OP_GATHER: return match_gather(reading, operation);
    case OP_BITCAST:
        return has_options(reading, operation, 0, 0) && takes_one(operation, STATE) &&
               give_state(operation, rows_as_halves(reading, first));
    case OP_DEQUANTIZE:
        return has_options(reading, operation, 0, 0) && match_dequantize(reading, operation);
    case OP_CAST:
        return has_options(reading, operation, 0, 0) && takes_one(operation, STATE) &&
               first->made == MADE_ROWS && first->first->type == ELEMENT_INT8 &&
               give_state(operation, rows_as_floats(reading, first));
    case OP_MUL:
        if (!has_zeros(reading, operation, OPTIONS_MUL, 1)) {
            return false;
        }
        return (takes_two(operation, STATE, CONSTANT) &&
                give_state(operation,
                           rows_times_constant(reading, first, operation->inputs[1]->constant))) ||
               (takes_two(operation, STATE, STATE) &&
                give_state(operation,
                           rows_times_scales(reading, first, operation->inputs[1]->state)));
    default: return false;
    }
}

static const state *one_state(reading *reading, operation *operation, const state *of) {
    switch (operation->operator->code) {
    case OP_RELU:
        return has_options(reading, operation, 0, 0) ? apply_function(reading, of, RELU, 0) : NULL;
    case OP_TANH:
        return has_options(reading, operation, 0, 0) ? apply_function(reading, of, TANH, 0) : NULL;
    case OP_LOGISTIC:
        return has_options(reading, operation, 0, 0) ? apply_function(reading, of, SIGMOID, 0)
                                                     : NULL;
    case OP_ELU:
        return has_options(reading, operation, 0, 0) ? apply_function(reading, of, ELU, 0) : NULL;
    case OP_ABS: return has_options(reading, operation, 0, 0) ? apply_abs(reading, of) : NULL;
    case OP_LEAKY_RELU:
        return has_options(reading, operation, OPTIONS_LEAKY_RELU, 1)
                   ? apply_function(reading, of, LEAKY_RELU,
                                    field_float(reading, &operation->operator->options, 0))
                   : NULL;
    case OP_SOFTMAX:
        return has_options(reading, operation, OPTIONS_SOFTMAX, 1) &&
                       field_float(reading, &operation->operator->options, 0) == 1 &&
                       has_axes(of, 2, VECTORS_OF_TEXTS)
                   ? after(reading, of, MADE_SOFTMAX)
                   : NULL;
    default: return NULL;
    }
}

static const state *with_constant(reading *reading, const operation *operation, const state *of,
                                  stored *constant) {
    switch (operation->operator->code) {
    case OP_MUL:
        return has_zeros(reading, operation, OPTIONS_MUL, 1) ? times_constant(reading, of, constant)
                                                             : NULL;
    case OP_ADD:
        return has_options(reading, operation, OPTIONS_ADD, 2)
                   ? fused(reading, plus_constant(reading, of, constant),
                           option(reading, operation, 0, 1))
                   : NULL;
    case OP_MINIMUM:
        return has_options(reading, operation, 0, 0) ? least_of_constant(reading, of, constant)
                                                     : NULL;
    default: return NULL;
    }
}

static const state *with_state(reading *reading, const operation *operation, const state *a,
                               const state *b) {
    switch (operation->operator->code) {
    case OP_MUL:
        return has_zeros(reading, operation, OPTIONS_MUL, 1) ? times_state(reading, a, b) : NULL;
    case OP_ADD:
        return has_options(reading, operation, OPTIONS_ADD, 2) &&
                       option(reading, operation, 0, 1) == FUSED_NONE
                   ? plus_state(reading, a, b)
                   : NULL;
    case OP_DIV:
        return has_zeros(reading, operation, OPTIONS_DIV, 1) ? divided_by_state(reading, a, b)
                                                             : NULL;
    default: return NULL;
    }
}

bool match_tflite_function(reading *reading, operation *operation) {
    const value *a = operation->inputs[0], *b = operation->inputs[1];
    const state *found = NULL;
    if (takes_one(operation, STATE)) {
        found = one_state(reading, operation, a->state);
    } else if (takes_two(operation, STATE, CONSTANT)) {
        found = with_constant(reading, operation, a->state, b->constant);
    } else if (takes_two(operation, STATE, STATE)) {
        found = with_state(reading, operation, a->state, b->state);
    }
    return give_state(operation, found);
}

/* A product with a kernel [units, inputs], its bias, and a function. */
bool match_tflite_dense(reading *reading, operation *operation) {
    const value *weights = operation->inputs[1], *added = operation->inputs[2];
    if (!is(operation, OP_FULLY_CONNECTED) || operation->operator->input_count != 3 ||
        operation->inputs[0]->kind != STATE || weights->kind != CONSTANT ||
        (added->kind != CONSTANT && added->kind != NOTHING) ||
        !has_options(reading, operation, OPTIONS_FULLY_CONNECTED, 5)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    stored *kernel = weights->constant, *bias = added->constant;
    /* Weights shuffled for a processor, and a bias in integers, are no option; whether activations
     * are quantized around 0 or not does not matter to weights that are decoded. */
    const bool keeps_axes = option(reading, operation, 2, 1) != 0;
    if (option(reading, operation, 1, 1) != 0 || option(reading, operation, 4, 1) != 0 ||
        !kernel->is_decoded || kernel->rank != 2 || kernel->dims[1] != before->features ||
        (before->is_reversed && !has_axes(before, 2, ROWS)) ||
        !(has_axes(before, 2, VECTORS_OF_TEXTS) || has_axes(before, 2, ROWS) ||
          (keeps_axes && has_axes(before, 3, STEPS_OF_TEXTS)))) {
        return false;
    }
    if (bias != NULL &&
        (!bias->is_decoded || bias->rank != 1 || bias->dims[0] != kernel->dims[0])) {
        return false;
    }
    const state *selu = unscaled_selu(reading, before);
    state *state =
        after(reading, selu == NULL ? before : selu, bias == NULL ? MADE_PRODUCT : MADE_DENSE);
    if (state == NULL) {
        return false;
    }
    const size_t units = (size_t)kernel->dims[0], inputs = (size_t)kernel->dims[1];
    state->features = kernel->dims[0];
    state->is_reversed = before->is_reversed;
    state->kernel = (view){kernel, 0, {1, inputs, units}, {0, 1, inputs}};
    state->divisor = selu == NULL ? 0 : SELU_SCALE;
    state->second = bias;
    state->layer.kind = LAYER_DENSE;
    state->layer.dense = (dense){.inputs = kernel->dims[1], .units = kernel->dims[0]};
    return give_state(operation, fused(reading, state, option(reading, operation, 0, 1)));
}
