/*
 * Steps that change their order in a TFLite graph, and two directions of a layer that become one.
 */
#include "tflite_match.h"

const axis STEPS_FIRST[3] = {AXIS_TIME, AXIS_BATCH, AXIS_FEATURE};
const axis ROWS[2] = {AXIS_TIME, AXIS_FEATURE};

/* A copy that differs in the order of axes or steps alone. */
static state *turned(reading *reading, const state *from) {
    state *state = copy_state(reading, from);
    if (state != NULL) {
        state->same = from->same == NULL ? from : from->same;
    }
    return state;
}

static bool match_reverse(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, CONSTANT) || !has_options(reading, operation, 0, 0)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const bool is_first = has_axes(before, 3, STEPS_FIRST);
    if ((!is_first && !has_axes(before, 3, STEPS_OF_TEXTS)) ||
        !is_int32(operation, 1, 1, 1, (const int64_t[]){is_first ? 0 : 1})) {
        return false;
    }
    state *state = turned(reading, before);
    if (state != NULL) {
        state->is_reversed = !before->is_reversed;
    }
    return give_state(operation, state);
}

static bool match_transpose(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, CONSTANT) || !has_options(reading, operation, 0, 0) ||
        !is_int32(operation, 1, 1, 3, (const int64_t[]){1, 0, 2})) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const bool is_first = has_axes(before, 3, STEPS_FIRST);
    if (!is_first && !has_axes(before, 3, STEPS_OF_TEXTS)) {
        return false;
    }
    state *state = turned(reading, before);
    if (state != NULL) {
        __builtin_memcpy(state->axes, is_first ? STEPS_OF_TEXTS : STEPS_FIRST,
                         sizeof STEPS_OF_TEXTS);
    }
    return give_state(operation, state);
}

/* One text's steps with another place for the axis of one: [1, -1, n], [-1, 1, n] or [-1, n]. */
static bool match_layout(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, CONSTANT) || !has_options(reading, operation, 0, 0)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const int64_t width = before->features;
    if (!has_axes(before, 3, STEPS_OF_TEXTS) && !has_axes(before, 3, STEPS_FIRST) &&
        !has_axes(before, 2, ROWS)) {
        return false;
    }
    state *state = turned(reading, before);
    if (state == NULL) {
        return false;
    }
    const axis *axes = is_int32(operation, 1, 1, 2, (const int64_t[]){-1, width}) ? ROWS
                       : is_int32(operation, 1, 1, 3, (const int64_t[]){1, -1, width})
                           ? STEPS_OF_TEXTS
                       : is_int32(operation, 1, 1, 3, (const int64_t[]){-1, 1, width}) ? STEPS_FIRST
                                                                                       : NULL;
    if (axes == NULL) {
        return false;
    }
    state->rank = axes == ROWS ? 2 : 3;
    __builtin_memcpy(state->axes, axes, sizeof(axis) * (size_t)state->rank);
    return give_state(operation, state);
}

/* [1, labels] as [labels], of one. */
static bool match_flattening(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, CONSTANT) || !has_options(reading, operation, 0, 0) ||
        !is_int32(operation, 1, 1, 1, (const int64_t[]){1})) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    state *state = copy_state(reading, before);
    if (state == NULL || !has_axes(before, 2, VECTORS_OF_TEXTS) || before->features != 1) {
        return false;
    }
    state->rank = 1;
    return give_state(operation, state);
}

/* state[:, -1], of a recurrent layer in the order in which it ran. */
static bool match_last(reading *reading, operation *operation) {
    if (!takes(operation, 4, (const kind[]){STATE, CONSTANT, CONSTANT, CONSTANT})) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const recurrent *layer = &before->layer.recurrent;
    if (before->made != MADE_RECURRENT || layer->has_forward == layer->has_backward ||
        before->is_reversed != layer->has_backward || !has_axes(before, 3, STEPS_OF_TEXTS) ||
        !is_int32(operation, 1, 1, 3, (const int64_t[]){0, -1, 0}) ||
        !is_int32(operation, 2, 1, 3, (const int64_t[]){0, 0, 0}) ||
        !is_int32(operation, 3, 1, 3, (const int64_t[]){1, 1, 1}) ||
        !has_slice_masks(reading, operation, 5, 5, 2)) {
        return false;
    }
    state *state = copy_state(reading, before);
    if (state == NULL) {
        return false;
    }
    state->rank = 2;
    __builtin_memcpy(state->axes, VECTORS_OF_TEXTS, sizeof VECTORS_OF_TEXTS);
    state->is_reversed = false;
    state->layer.recurrent.sequences = false;
    return give_state(operation, state);
}

bool are_directions(const state *a, const state *b) {
    const recurrent *forward = &a->layer.recurrent, *backward = &b->layer.recurrent;
    return a->made == MADE_RECURRENT && b->made == MADE_RECURRENT && forward->has_forward &&
           !forward->has_backward && backward->has_backward && !backward->has_forward &&
           root_of(a->of) == root_of(b->of) && forward->cell == backward->cell &&
           forward->units == backward->units && forward->sequences == backward->sequences &&
           forward->reset_after == backward->reset_after &&
           forward->activation == backward->activation && forward->gates == backward->gates;
}

state *both_directions(reading *reading, const state *forward, const state *backward, merge merge) {
    state *state = copy_state(reading, forward);
    if (state != NULL) {
        state->same = NULL;
        state->gates[1] = backward->gates[1];
        state->layer.recurrent.has_backward = true;
        state->layer.recurrent.merge = merge;
        state->features *= merge == MERGE_CONCAT ? 2 : 1;
    }
    return state;
}

/* Whether two directions are both in the order of the text, and of one shape. */
static bool are_aligned(const state *a, const state *b) {
    return are_directions(a, b) && !a->is_reversed && !b->is_reversed &&
           has_axes(a, b->rank, b->axes);
}

/* The last axis, counted from the front or from behind. */
static bool is_last_axis(reading *reading, const operation *operation, const state *state) {
    const int64_t axis = option(reading, operation, 0, 4);
    return state->axes[state->rank - 1] == AXIS_FEATURE &&
           (axis == state->rank - 1 || axis == -1) &&
           option(reading, operation, 1, 1) == FUSED_NONE;
}

static bool match_concatenation(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, STATE) ||
        !has_options(reading, operation, OPTIONS_CONCATENATION, 2)) {
        return false;
    }
    const state *a = operation->inputs[0]->state, *b = operation->inputs[1]->state;
    return is_last_axis(reading, operation, a) && are_aligned(a, b) &&
           give_state(operation, both_directions(reading, a, b, MERGE_CONCAT));
}

/* The sum, product or mean of two directions. */
static bool match_merge(reading *reading, operation *operation) {
    const bool is_sum = is(operation, OP_ADD);
    if (is_sum ? !has_options(reading, operation, OPTIONS_ADD, 2)
               : !has_options(reading, operation, OPTIONS_MUL, 1)) {
        return false;
    }
    if (option(reading, operation, 0, 1) != FUSED_NONE || operation->inputs[0]->kind != STATE) {
        return false;
    }
    const state *a = operation->inputs[0]->state;
    if (takes_two(operation, STATE, STATE)) {
        const state *b = operation->inputs[1]->state;
        return are_aligned(a, b) &&
               give_state(operation,
                          both_directions(reading, a, b, is_sum ? MERGE_SUM : MERGE_MUL));
    }
    if (is_sum || !takes_two(operation, STATE, CONSTANT) || a->made != MADE_RECURRENT ||
        !a->layer.recurrent.has_backward || a->layer.recurrent.merge != MERGE_SUM ||
        !is_number(operation->inputs[1]->constant, 0.5f)) {
        return false;
    }
    state *state = copy_state(reading, a);
    if (state != NULL) {
        state->layer.recurrent.merge = MERGE_AVE;
    }
    return give_state(operation, state);
}

bool match_tflite_shape(reading *reading, operation *operation) {
    switch (operation->operator->code) {
    case OP_REVERSE_V2: return match_reverse(reading, operation);
    case OP_TRANSPOSE: return match_transpose(reading, operation);
    case OP_RESHAPE:
        return match_layout(reading, operation) || match_flattening(reading, operation);
    case OP_STRIDED_SLICE: return match_last(reading, operation);
    case OP_CONCATENATION: return match_concatenation(reading, operation);
    case OP_ADD:
    case OP_MUL: return match_merge(reading, operation);
    default: return false;
    }
}
