/*
 * Loops in a TFLite graph: one WHILE a direction of a recurrent layer, which counts up to the
 * number of steps and starts from zeros.
 */
#include "tflite_match.h"

/* The shape [steps, 1, units] of what a loop writes its states to, and zeros of it. */
static bool match_buffer(reading *reading, operation *operation) {
    switch (operation->operator->code) {
    case OP_RESHAPE:
        becomes(operation, LENGTH_LIST);
        return takes_two(operation, LENGTH, CONSTANT) && has_options(reading, operation, 0, 0) &&
               is_int32(operation, 1, 1, 1, (const int64_t[]){1});
    case OP_CONCATENATION: {
        if (!takes_two(operation, LENGTH_LIST, CONSTANT) ||
            !has_options(reading, operation, OPTIONS_CONCATENATION, 2) ||
            option(reading, operation, 0, 4) != 0 || option(reading, operation, 1, 1) != 0) {
            return false;
        }
        const stored *rest = operation->inputs[1]->constant;
        if (rest->type != ELEMENT_INT32 || rest->rank != 1 || rest->count != 2) {
            return false;
        }
        becomes(operation, BUFFER_SHAPE)->number = (int32_t)stored_integer(rest, 1);
        return stored_integer(rest, 0) == 1 && stored_integer(rest, 1) > 0;
    }
    case OP_FILL:
        becomes(operation, BUFFER);
        return takes_two(operation, BUFFER_SHAPE, CONSTANT) &&
               has_options(reading, operation, 0, 0) &&
               is_number(operation->inputs[1]->constant, 0);
    default: return false;
    }
}

/* Whether a constant is [1, units] of the lowest number, which halves have as an infinity. */
static bool is_lowest_state(reading *reading, const value *value) {
    if (value->kind != CONSTANT || !is_weights(value->constant) || value->constant->rank != 2 ||
        value->constant->dims[0] != 1 || !may_look(reading, value->constant->count)) {
        return false;
    }
    const float *values = stored_values(reading, value->constant);
    bool are_lowest = values != NULL;
    for (size_t i = 0; are_lowest && i < value->constant->count; i++) {
        are_lowest = values[i] <= -__FLT_MAX__;
    }
    return are_lowest;
}

/* Whether a constant is float32 zeros of [1, units], or of [1, 1, units]. */
static bool is_zero_state(reading *reading, const value *value, int32_t rank) {
    if (value->kind != CONSTANT || !is_weights(value->constant) || value->constant->rank != rank) {
        return false;
    }
    const stored *stored = value->constant;
    return stored->dims[0] == 1 && stored->dims[rank - 2] == 1 && is_zero(reading, stored);
}

/* Say what each input of a loop is; they take the same places in its body. */
static bool name_inputs(reading *reading, const operation *operation, body_input *inputs) {
    for (size_t i = 0; i < operation->operator->input_count; i++) {
        const value *value = operation->inputs[i];
        if (is_int32(operation, i, 0, 1, (const int64_t[]){0})) {
            inputs[i] = INPUT_COUNTER;
        } else if (value->kind == LENGTH) {
            inputs[i] = INPUT_LENGTH;
        } else if (value->kind == STATE) {
            inputs[i] = INPUT_STEPS;
        } else if (value->kind == BUFFER) {
            inputs[i] = INPUT_BUFFER;
        } else if (is_zero_state(reading, value, 3)) {
            inputs[i] = INPUT_LAST;
        } else if (is_zero_state(reading, value, 2) || value->kind == VARIABLE) {
            inputs[i] = INPUT_STATE;
        } else if (is_lowest_state(reading, value)) {
            inputs[i] = INPUT_LOWEST;
        } else {
            return false;
        }
    }
    return true;
}

/* The only input of a kind; false if there is none or more. */
static bool find_input(const body_input *inputs, size_t count, body_input kind, size_t *found) {
    size_t times = 0;
    for (size_t i = 0; i < count; i++) {
        if (inputs[i] == kind) {
            *found = i;
            times++;
        }
    }
    return times == 1;
}

/* Whether the condition of a loop is that a counter is below the length. */
static bool is_condition(const tflite_graph *graph, size_t time, size_t length) {
    const tflite_operator *less = &graph->operators[0];
    return graph->operator_count == 1 && less->code == OP_LESS && less->options_type == 0 &&
           less->input_count == 2 && less->output_count == 1 && graph->output_count == 1 &&
           less->inputs[0] == graph->inputs[time] && less->inputs[1] == graph->inputs[length] &&
           less->outputs[0] == graph->outputs[0];
}

/* Whether a graph has an input and no other tensor for each input of the loop. */
static bool has_inputs(const tflite_graph *graph, size_t count) {
    for (size_t i = 0; i < count && graph->input_count == count; i++) {
        const tflite_tensor *tensor = &graph->tensors[graph->inputs[i]];
        for (size_t j = 0; j < i; j++) {
            if (graph->inputs[i] == graph->inputs[j]) {
                return false;
            }
        }
        if (tensor->constant != NULL || tensor->is_variable) {
            return false;
        }
    }
    return graph->input_count == count;
}

static bool same_shape(const tflite_tensor *a, const tflite_tensor *b) {
    return a->type == b->type && a->is_bool == b->is_bool && a->rank == b->rank &&
           __builtin_memcmp(a->dims, b->dims, sizeof a->dims) == 0 &&
           __builtin_memcmp(a->sizes, b->sizes, sizeof a->sizes) == 0;
}

/* Whether what a loop passes on keeps its type and shape. */
static bool has_shapes(const operation *operation, const tflite_graph *test,
                       const tflite_graph *body) {
    const tflite_operator *operator = operation->operator;
    const tflite_tensor *around = operation->model->graphs[0].tensors;
    for (size_t i = 0; i < operator->input_count; i++) {
        const tflite_tensor *tensor = &around[operator->inputs[i]];
        if (!same_shape(tensor, operation->results[i]) ||
            !same_shape(tensor, &test->tensors[test->inputs[i]]) ||
            !same_shape(tensor, &body->tensors[body->inputs[i]]) ||
            !same_shape(tensor, &body->tensors[body->outputs[i]])) {
            return false;
        }
    }
    return true;
}

/* The layer that a loop is: all its steps, time first. */
static const state *loop_state(reading *reading, const state *steps, const cell_step *step) {
    gate_views *views = scratch(reading, 1, sizeof *views);
    if (views == NULL) {
        return NULL;
    }
    *views = step->views;
    state *state = recurrent_state(reading, steps, step->cell, step->units, views);
    if (state != NULL) {
        state->rank = 3;
        __builtin_memcpy(state->axes, STEPS_FIRST, sizeof STEPS_FIRST);
        recurrent *layer = &state->layer.recurrent;
        layer->reset_after = step->reset_after;
        layer->activation = step->activation;
        layer->gates = step->gates;
    }
    return state;
}

/* One vector a text, of a loop's steps. */
static state *vector_of(state *state) {
    if (state != NULL) {
        state->rank = 2;
        __builtin_memcpy(state->axes, VECTORS_OF_TEXTS, sizeof VECTORS_OF_TEXTS);
        state->is_reversed = false;
    }
    return state;
}

/* What a loop gives: all states, the last one, or what they are pooled to. */
static bool give_states(reading *reading, operation *operation, const body_input *inputs,
                        const state *made, const cell_step *step) {
    const bool has_memory = step->cell == CELL_LSTM;
    for (size_t i = 0; i < operation->operator->output_count; i++) {
        *operation->outputs[i] = (value){.kind = COUNTED_UP};
        const bool is_last = inputs[i] == INPUT_LAST || i == step->hidden;
        const bool is_pooled = inputs[i] == INPUT_LOWEST || (inputs[i] == INPUT_STATE && !is_last &&
                                                             !(has_memory && i == step->memory));
        if (inputs[i] != INPUT_BUFFER && !is_last && !is_pooled) {
            continue;
        }
        state *state = is_pooled ? vector_of(after(reading, made, MADE_POOL))
                       : is_last ? vector_of(copy_state(reading, made))
                                 : copy_state(reading, made);
        if (state == NULL) {
            return false;
        }
        const bool is_sum = is_pooled && inputs[i] == INPUT_STATE;
        if (is_last) {
            state->layer.recurrent.sequences = false;
        } else if (is_pooled) {
            state->layer.kind = LAYER_POOL;
            state->layer.pool = (pool){.count = 1, .of = {is_sum ? POOL_MEAN : POOL_MAX}};
        }
        operation->outputs[i]->kind = inputs[i] == INPUT_LAST ? LAST_STATE
                                      : is_sum                ? STEP_SUM
                                                              : STATE;
        operation->outputs[i]->state = state;
    }
    return true;
}

/* Options: the graphs of the condition and of the body. */
static bool match_while(reading *reading, operation *operation) {
    const tflite_model *model = operation->model;
    const size_t count = operation->operator->input_count;
    const int64_t condition = option(reading, operation, 0, 4);
    const int64_t body = option(reading, operation, 1, 4);
    if (!has_options(reading, operation, OPTIONS_WHILE, 2) || count > MAX_TFLITE_OUTPUTS ||
        operation->operator->output_count != count || condition < 1 || body < 1 ||
        condition == body || (size_t)condition >= model->graph_count ||
        (size_t)body >= model->graph_count) {
        return false;
    }
    const tflite_graph *test = &model->graphs[condition], *inner = &model->graphs[body];
    body_input inputs[MAX_TFLITE_OUTPUTS];
    size_t length = 0, steps = 0, buffer = 0;
    if (!name_inputs(reading, operation, inputs) ||
        !find_input(inputs, count, INPUT_LENGTH, &length) ||
        !find_input(inputs, count, INPUT_STEPS, &steps) || !has_inputs(test, count) ||
        !has_inputs(inner, count) || inner->output_count != count ||
        !has_shapes(operation, test, inner)) {
        return false;
    }
    const state *before = operation->inputs[steps]->state;
    const state *counted = operation->inputs[length]->state;
    if (!has_axes(before, 3, STEPS_FIRST) || before->made == MADE_ROWS || counted == NULL) {
        return false;
    }
    /* Inputs, or the product of all of them with the kernels. */
    const bool is_product = (before->made == MADE_DENSE || before->made == MADE_PRODUCT) &&
                            root_of(before->of) == root_of(counted);
    cell_step step = {0};
    if ((!is_product && root_of(before) != root_of(counted)) ||
        !match_tflite_body(reading, inner, inputs, before->features, is_product ? before : NULL,
                           &step) ||
        !is_condition(test, step.time, length)) {
        return false;
    }
    if (find_input(inputs, count, INPUT_BUFFER, &buffer) &&
        (operation->inputs[buffer]->number != step.units ||
         root_of(operation->inputs[buffer]->state) != root_of(counted))) {
        return false;
    }
    /* Each graph belongs to one loop. */
    if (model->is_called[condition] || model->is_called[body]) {
        return false;
    }
    model->is_called[condition] = model->is_called[body] = true;
    const state *made = loop_state(reading, is_product ? before->of : before, &step);
    return made != NULL && give_states(reading, operation, inputs, made, &step);
}

/* The only state of [1, 1, units]. */
static bool match_last(reading *reading, operation *operation) {
    if (!takes(operation, 4, (const kind[]){LAST_STATE, CONSTANT, CONSTANT, CONSTANT})) {
        return false;
    }
    const state *last = operation->inputs[0]->state;
    return is_int32(operation, 1, 1, 3, (const int64_t[]){-1, 0, 0}) &&
           is_int32(operation, 2, 1, 3, (const int64_t[]){0, 1, last->features}) &&
           is_int32(operation, 3, 1, 3, (const int64_t[]){1, 1, 1}) &&
           has_slice_masks(reading, operation, 6, 6, 1) && give_state(operation, last);
}

bool match_tflite_loop(reading *reading, operation *operation) {
    switch (operation->operator->code) {
    case OP_WHILE: return match_while(reading, operation);
    case OP_STRIDED_SLICE: return match_last(reading, operation);
    default: return match_buffer(reading, operation);
    }
}
