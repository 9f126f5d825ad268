/*
 * Recurrent operators in an ONNX graph, and how their outputs are turned and merged.
 *
 * Y is [time, directions, batch, units], Y_h [directions, batch, units].
 *
 * Source: ONNX operators LSTM, GRU and RNN (opset 14).
 */
#include "onnx_match.h"

/* What tells the operators apart. Order: which of Keras's gates stands where in the weights. */
typedef struct operator {
    const char *name;
    cell cell;
    size_t outputs, gates, order[4], functions;
} operator;

static const operator OPERATORS[] = {
    {"LSTM", CELL_LSTM, 3, 4, {0, 3, 1, 2}, 3},
    {"GRU", CELL_GRU, 2, 3, {0, 1, 2}, 2},
    {"RNN", CELL_SIMPLE_RNN, 2, 1, {0}, 1},
};

static const axis STEPS_FIRST[] = {AXIS_TIME, AXIS_BATCH, AXIS_FEATURE};
static const axis ALL_STATES[] = {AXIS_TIME, AXIS_DIRECTION, AXIS_BATCH, AXIS_FEATURE};
static const axis LAST_OF_EACH[] = {AXIS_DIRECTION, AXIS_BATCH, AXIS_FEATURE};

static bool is_weight(const value *value, size_t rank, const size_t *dims) {
    if (value->kind != CONSTANT || !is_weights(value->constant) ||
        (size_t)value->constant->rank != rank) {
        return false;
    }
    for (size_t i = 0; i < rank; i++) {
        if ((size_t)value->constant->dims[i] != dims[i]) {
            return false;
        }
    }
    return true;
}

/* Which gate of the operator is this one of Keras. */
static size_t place_of(const operator *operator, size_t gate) {
    size_t place = 0;
    while (operator->order[place] != gate) {
        place++;
    }
    return place;
}

/* W is [directions, gates * units, inputs], R [.., units], B [directions, 2 * gates * units]. */
static gate_views *views_of(reading *reading, const operator *operator, const operation *operation,
                            size_t direction, size_t inputs, size_t units) {
    gate_views *views = scratch(reading, 1, sizeof *views);
    if (views == NULL) {
        return NULL;
    }
    stored *kernel = operation->inputs[1]->constant, *recurrent = operation->inputs[2]->constant,
           *bias = operation->inputs[3]->constant;
    const size_t rows = operator->gates * units;
    for (size_t gate = 0; gate < operator->gates; gate++) {
        const size_t row = place_of(operator, gate) * units;
        views->kernel[gate] =
            (view){kernel, (direction * rows + row) * inputs, {1, inputs, units}, {0, 1, inputs}};
        views->recurrent_kernel[gate] =
            (view){recurrent, (direction * rows + row) * units, {1, units, units}, {0, 1, units}};
        views->bias[gate] = (view){bias, direction * 2 * rows + row, {1, 1, units}, {0, 0, 1}};
        views->more_bias[gate] = views->bias[gate];
        views->more_bias[gate].first += rows;
    }
    return views;
}

/* The functions of a layer: the attribute's, the same in each direction, or the usual ones. */
static bool read_functions(operation *operation, const operator *operator, size_t directions,
                           recurrent *layer) {
    layer->activation = TANH;
    layer->gates = SIGMOID;
    const onnx_attribute *names = find_attribute(operation, "activations", ATTRIBUTE_STRINGS);
    if (names == NULL) {
        return true;
    }
    const size_t gates =
        operator->functions > 1; /* the first is the gates', the others the states' */
    if (names->count != operator->functions * directions) {
        return false;
    }
    for (size_t i = 0; i < names->count; i++) {
        const size_t first = i % operator->functions < gates ? 0 : gates;
        if (!same_text(names->strings[i], names->strings[first])) {
            return false;
        }
    }
    const text state = names->strings[gates];
    if (is_text(state, "Relu")) {
        layer->activation = RELU;
    } else if (is_text(state, "Sigmoid")) {
        layer->activation = SIGMOID;
    } else if (!is_text(state, "Tanh")) {
        return false;
    }
    if (gates == 0 || is_text(names->strings[0], "Sigmoid")) {
        return true;
    }
    const onnx_attribute *alphas = find_attribute(operation, "activation_alpha", ATTRIBUTE_FLOATS);
    const onnx_attribute *betas = find_attribute(operation, "activation_beta", ATTRIBUTE_FLOATS);
    if (!is_text(names->strings[0], "HardSigmoid") || alphas == NULL || betas == NULL ||
        alphas->count != directions || betas->count != directions) {
        return false;
    }
    for (size_t i = 0; i < directions; i++) {
        if (alphas->floats[i] != (float)(1.0 / 6) || betas->floats[i] != 0.5f) {
            return false;
        }
    }
    layer->gates = HARD_SIGMOID;
    return true;
}

static state *output_of(reading *reading, const state *made, bool sequences) {
    state *state = copy_state(reading, made);
    if (state != NULL) {
        state->layer.recurrent.sequences = sequences;
        state->rank = sequences ? 4 : 3;
        __builtin_memcpy(state->axes, sequences ? ALL_STATES : LAST_OF_EACH,
                         sizeof(axis) * (size_t)state->rank);
        state->steps = sequences ? state->steps : NULL;
    }
    return state;
}

static bool match_operator(reading *reading, operation *operation, const operator *operator) {
    const size_t inputs_given = operation->is_one ? 4 : 5;
    if (!takes(operation, inputs_given,
               (const kind[]){STATE, CONSTANT, CONSTANT, CONSTANT, LENGTHS}) ||
        operation->node->output_count != operator->outputs) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const bool is_bidirectional = has_string(operation, "direction", "bidirectional");
    const size_t directions = is_bidirectional ? 2 : 1;
    const onnx_attribute *size = find_attribute(operation, "hidden_size", ATTRIBUTE_INT);
    if (before->is_masked || !has_axes(before, 3, STEPS_FIRST) ||
        (!operation->is_one && !same_steps(before->steps, operation->inputs[4]->steps)) ||
        (!is_bidirectional && !has_string(operation, "direction", "forward")) || size == NULL ||
        size->integers[0] < 1 || size->integers[0] > 1 << 16) {
        return false;
    }
    const size_t inputs = (size_t)before->features, units = (size_t)size->integers[0];
    const size_t rows = operator->gates * units;
    if (!is_weight(operation->inputs[1], 3, (const size_t[]){directions, rows, inputs}) ||
        !is_weight(operation->inputs[2], 3, (const size_t[]){directions, rows, units}) ||
        !is_weight(operation->inputs[3], 2, (const size_t[]){directions, 2 * rows})) {
        return false;
    }
    recurrent layer = {.cell = operator->cell,
                       .inputs = before->features,
                       .units = (int32_t)units,
                       .has_forward = true,
                       .has_backward = is_bidirectional};
    if (operator->cell == CELL_GRU) {
        layer.reset_after = has_integer(operation, "linear_before_reset", 1);
        if (!layer.reset_after && !has_integer(operation, "linear_before_reset", 0)) {
            return false;
        }
    }
    state *made = after(reading, before, MADE_RECURRENT);
    if (made == NULL || !read_functions(operation, operator, directions, &layer)) {
        return false;
    }
    for (size_t i = 0; i < directions; i++) {
        made->gates[i] = views_of(reading, operator, operation, i, inputs, units);
    }
    made->features = (int32_t)units;
    made->directions = (int32_t)directions;
    made->layer.kind = LAYER_RECURRENT;
    made->layer.recurrent = layer;
    for (size_t i = 0; i < 2; i++) {
        operation->outputs[i]->kind = STATE;
        operation->outputs[i]->state = output_of(reading, made, i == 0);
    }
    return operation->outputs[0]->state != NULL && operation->outputs[1]->state != NULL;
}

static size_t place_of_axis(const state *state, axis axis) {
    size_t place = 0;
    while (place < (size_t)state->rank && state->axes[place] != axis) {
        place++;
    }
    return place;
}

static void remove_axis(state *state, size_t place) {
    for (size_t i = place; i + 1 < (size_t)state->rank; i++) {
        state->axes[i] = state->axes[i + 1];
    }
    state->rank--;
}

/* Outputs of both directions, one number for two. */
static bool match_merge(reading *reading, operation *operation) {
    const bool is_sum = is(operation, "ReduceSum"), is_mean = is(operation, "ReduceMean");
    if (operation->node->input_count == 0 || operation->inputs[0]->kind != STATE ||
        !(is_sum || is_mean || is(operation, "ReduceProd"))) {
        return false;
    }
    state *state = copy_state(reading, operation->inputs[0]->state);
    if (state == NULL || state->made != MADE_RECURRENT || state->directions != 2) {
        return false;
    }
    const size_t place = place_of_axis(state, AXIS_DIRECTION);
    const int64_t axis = (int64_t)place;
    const bool is_along = is_sum ? takes(operation, 2, (const kind[]){STATE, CONSTANT}) &&
                                       is_int64(operation, 1, 1, &axis)
                                 : takes(operation, 1, (const kind[]){STATE}) &&
                                       has_integers(operation, "axes", 1, &axis);
    if (place == (size_t)state->rank || !is_along || !has_integer(operation, "keepdims", 0)) {
        return false;
    }
    remove_axis(state, place);
    state->layer.recurrent.merge = is_sum ? MERGE_SUM : is_mean ? MERGE_AVE : MERGE_MUL;
    return give_state(operation, state);
}

static bool match_transpose(reading *reading, operation *operation) {
    if (!takes(operation, 1, (const kind[]){STATE})) {
        return false;
    }
    const onnx_attribute *order = find_attribute(operation, "perm", ATTRIBUTE_INTS);
    const state *before = operation->inputs[0]->state;
    if (order == NULL || order->count != (size_t)before->rank) {
        return false;
    }
    state *state = copy_state(reading, before);
    uint32_t seen = 0;
    for (size_t i = 0; state != NULL && i < order->count; i++) {
        const int64_t place = order->integers[i];
        if (place < 0 || place >= before->rank) {
            return false;
        }
        seen |= UINT32_C(1) << place;
        state->axes[i] = before->axes[place];
    }
    return seen + 1 == UINT32_C(1) << before->rank && give_state(operation, state);
}

/* Directions side by side: the axes before them stay, of sizes that the shape leaves open. */
static bool match_concatenation(reading *reading, operation *operation) {
    state *state = copy_state(reading, operation->inputs[0]->state);
    if (state == NULL) {
        return false;
    }
    const size_t place = place_of_axis(state, AXIS_DIRECTION);
    /* One direction may stand anywhere before the features, for it is [1]. */
    const bool is_beside = state->axes[state->rank - 1] == AXIS_FEATURE &&
                           (state->directions == 1 || place + 2 == (size_t)state->rank);
    if (state->made != MADE_RECURRENT || place == (size_t)state->rank || !is_beside) {
        return false;
    }
    remove_axis(state, place);
    state->features *= state->directions;
    const int64_t width = state->features;
    const bool is_steps = has_axes(state, 3, STEPS_OF_TEXTS) && place == 2 &&
                          is_int64(operation, 1, 3, (const int64_t[]){0, 0, width});
    const bool is_vectors = has_axes(state, 2, VECTORS_OF_TEXTS) &&
                            is_int64(operation, 1, 2, (const int64_t[]){-1, width});
    return (is_steps || is_vectors) && give_state(operation, state);
}

/* [batch, 1] as [batch]. */
static bool match_flattening(reading *reading, operation *operation) {
    state *state = copy_state(reading, operation->inputs[0]->state);
    if (state == NULL || !has_axes(state, 2, VECTORS_OF_TEXTS) || state->features != 1 ||
        !is_int64(operation, 1, 1, (const int64_t[]){-1})) {
        return false;
    }
    state->rank = 1;
    return give_state(operation, state);
}

bool match_onnx_recurrent(reading *reading, operation *operation) {
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) {
        if (is(operation, OPERATORS[i].name)) {
            return match_operator(reading, operation, &OPERATORS[i]);
        }
    }
    return match_merge(reading, operation);
}

bool match_onnx_shape(reading *reading, operation *operation) {
    if (is(operation, "Transpose")) {
        return match_transpose(reading, operation);
    }
    return is(operation, "Reshape") && takes(operation, 2, (const kind[]){STATE, CONSTANT}) &&
           (match_concatenation(reading, operation) || match_flattening(reading, operation));
}
