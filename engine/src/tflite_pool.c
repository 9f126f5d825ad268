/*
 * Lengths of texts, and pooling of their steps, in a TFLite graph.
 */
#include "tflite_match.h"

static const int64_t TIME[] = {1};

/* How many steps a state has, or tokens a text, where `state` is NULL. */
static bool match_length(reading *reading, operation *operation) {
    if (is(operation, OP_SHAPE)) {
        /* Option: of which type the sizes are. */
        if (!has_options(reading, operation, OPTIONS_SHAPE, 1) ||
            option(reading, operation, 0, 1) != TENSOR_INT32 ||
            (!takes_one(operation, STATE) && !takes_one(operation, IDS))) {
            return false;
        }
        becomes(operation, SHAPE);
        return true;
    }
    if (!is(operation, OP_STRIDED_SLICE) ||
        !takes(operation, 4, (const kind[]){SHAPE, CONSTANT, CONSTANT, CONSTANT})) {
        return false;
    }
    const state *of = operation->inputs[0]->state;
    const bool is_first = of != NULL && has_axes(of, 3, STEPS_FIRST);
    const int64_t place = is_first ? 0 : 1, next = place + 1;
    becomes(operation, LENGTH);
    return (is_first || of == NULL || has_axes(of, 3, STEPS_OF_TEXTS)) &&
           is_int32(operation, 1, 1, 1, &place) && is_int32(operation, 2, 1, 1, &next) &&
           is_int32(operation, 3, 1, 1, (const int64_t[]){1}) &&
           has_slice_masks(reading, operation, 0, 0, 1);
}

static bool match_reduction(reading *reading, operation *operation, pool_part part) {
    if (!takes_two(operation, STATE, CONSTANT) || !is_int32(operation, 1, 0, 1, TIME) ||
        !has_options(reading, operation, OPTIONS_REDUCER, 1) ||
        option(reading, operation, 0, 1) != 0) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    if (!has_axes(before, 3, STEPS_OF_TEXTS) || before->is_reversed) {
        return false;
    }
    state *state = after(reading, before, MADE_POOL);
    if (state == NULL) {
        return false;
    }
    state->rank = 2;
    __builtin_memcpy(state->axes, VECTORS_OF_TEXTS, sizeof VECTORS_OF_TEXTS);
    state->layer.kind = LAYER_POOL;
    state->layer.pool = (pool){.count = 1, .of = {part}};
    return give_state(operation, state);
}

static bool is_largest(const value *value) {
    return value->kind == STATE && value->state->made == MADE_POOL &&
           value->state->layer.pool.count == 1 && value->state->layer.pool.of[0] == POOL_MAX &&
           value->state->layer.pool.padded_length == 0;
}

/* Whether a length is that of a layer's steps, or of a recurrent layer's inputs, which has as many. */
static bool is_length_of(const state *counted, const state *layer) {
    return root_of(counted) == root_of(layer) ||
           (layer->made == MADE_RECURRENT && root_of(counted) == root_of(layer->of));
}

/* largest + (length < number) * relu(-largest): zero if that is larger and the text is short. */
static bool match_padded(reading *reading, operation *operation) {
    const value *a = operation->inputs[0], *b = operation->inputs[1];
    switch (operation->operator->code) {
    case OP_LESS: {
        if (!takes_two(operation, LENGTH, CONSTANT) || a->state == NULL ||
            !has_options(reading, operation, 0, 0) || b->constant->type != ELEMENT_INT32 ||
            b->constant->rank != 0 || stored_integer(b->constant, 0) < 1) {
            return false;
        }
        becomes(operation, BRIEF)->number = (int32_t)stored_integer(b->constant, 0);
        return true;
    }
    case OP_CAST:
        becomes(operation, BRIEFLY);
        return takes_one(operation, BRIEF) && has_options(reading, operation, 0, 0);
    case OP_NEG:
        becomes(operation, MINUS_LARGEST);
        return takes_one(operation, STATE) && is_largest(a) &&
               has_options(reading, operation, OPTIONS_NEG, 0);
    case OP_RELU:
        becomes(operation, ABOVE_ZERO);
        return takes_one(operation, MINUS_LARGEST) && has_options(reading, operation, 0, 0);
    case OP_MUL: {
        const bool is_first = takes_two(operation, BRIEFLY, ABOVE_ZERO);
        if ((!is_first && !takes_two(operation, ABOVE_ZERO, BRIEFLY)) ||
            !has_options(reading, operation, OPTIONS_MUL, 1) ||
            option(reading, operation, 0, 1) != FUSED_NONE) {
            return false;
        }
        const value *brief = is_first ? a : b, *above = is_first ? b : a;
        value *least = give(operation, LEAST);
        least->state = above->state;
        least->number = brief->number;
        return is_length_of(brief->state, above->state->of);
    }
    case OP_ADD: {
        if (!takes_two(operation, STATE, LEAST) || !is_largest(a) || a->state != b->state ||
            !has_options(reading, operation, OPTIONS_ADD, 2) ||
            option(reading, operation, 0, 1) != FUSED_NONE) {
            return false;
        }
        state *state = copy_state(reading, a->state);
        if (state != NULL) {
            state->layer.pool.padded_length = b->number;
        }
        return give_state(operation, state);
    }
    default: return false;
    }
}

static bool same_layer(const state *a, const state *b) {
    return a == b || (a->made == MADE_RECURRENT && b->made == MADE_RECURRENT && a->of == b->of &&
                      a->gates[0] == b->gates[0] && a->gates[1] == b->gates[1] &&
                      a->layer.recurrent.merge == b->layer.recurrent.merge);
}

/* A loop's pooling of the two directions of a layer, side by side. */
static const state *join_directions(reading *reading, const state *a, const state *b) {
    const pool *first = &a->layer.pool, *second = &b->layer.pool;
    if (a->made != MADE_POOL || b->made != MADE_POOL || !are_directions(a->of, b->of) ||
        first->count != 1 || second->count != 1 || first->of[0] != second->of[0] ||
        first->padded_length != 0 || second->padded_length != 0) {
        return NULL;
    }
    state *state = copy_state(reading, a);
    if (state != NULL) {
        state->of = both_directions(reading, a->of, b->of, MERGE_CONCAT);
        state->features *= 2;
    }
    return state == NULL || state->of == NULL ? NULL : state;
}

/* Two parts, one behind the other. */
static bool match_parts(reading *reading, operation *operation) {
    const bool are_sums = takes_two(operation, STEP_SUM, STEP_SUM);
    const int64_t axis = option(reading, operation, 0, 4);
    if ((!are_sums && !takes_two(operation, STATE, STATE)) || (axis != 1 && axis != -1) ||
        !has_options(reading, operation, OPTIONS_CONCATENATION, 2) ||
        option(reading, operation, 1, 1) != FUSED_NONE) {
        return false;
    }
    const state *joined =
        join_directions(reading, operation->inputs[0]->state, operation->inputs[1]->state);
    if (joined != NULL || are_sums) {
        give(operation, are_sums ? STEP_SUM : STATE)->state = joined;
        return joined != NULL;
    }
    const state *a = operation->inputs[0]->state, *b = operation->inputs[1]->state;
    const pool *first = &a->layer.pool, *second = &b->layer.pool;
    if (a->made != MADE_POOL || b->made != MADE_POOL || !same_layer(a->of, b->of) ||
        first->count != 1 || second->count != 1 || first->of[0] == second->of[0]) {
        return false;
    }
    state *state = copy_state(reading, a);
    if (state == NULL) {
        return false;
    }
    state->layer.pool = (pool){.count = 2,
                               .of = {first->of[0], second->of[0]},
                               .padded_length = first->padded_length + second->padded_length};
    state->features *= 2;
    return give_state(operation, state);
}

/* The sum of all steps over their number. */
static bool match_mean(reading *reading, operation *operation) {
    if (!takes_two(operation, STEP_SUM, LENGTH_FLOAT) ||
        !has_options(reading, operation, OPTIONS_DIV, 1) ||
        option(reading, operation, 0, 1) != FUSED_NONE) {
        return false;
    }
    const state *counted = operation->inputs[1]->state;
    const state *sum = operation->inputs[0]->state;
    return counted != NULL && is_length_of(counted, sum->of) && give_state(operation, sum);
}

bool match_tflite_pool(reading *reading, operation *operation) {
    switch (operation->operator->code) {
    case OP_SHAPE:
    case OP_STRIDED_SLICE: return match_length(reading, operation);
    case OP_REDUCE_MAX: return match_reduction(reading, operation, POOL_MAX);
    case OP_MEAN: return match_reduction(reading, operation, POOL_MEAN);
    case OP_CONCATENATION: return match_parts(reading, operation);
    case OP_DIV: return match_mean(reading, operation);
    default: return match_padded(reading, operation);
    }
}
