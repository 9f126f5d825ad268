/*
 * What reads a text's steps all at once in an ONNX graph: masks made of lengths, and pooling.
 */
#include "onnx_match.h"
#include "onnx_schema.h"

static const int64_t FIRST[] = {1}, SECOND[] = {2}; /* axes behind the batch's */

static bool match_cast(operation *operation) {
    if (takes_one(operation, SAME) && has_integer(operation, "to", DATA_INT32)) {
        return becomes(operation, ONES);
    }
    if (!has_integer(operation, "to", DATA_FLOAT)) {
        return false;
    }
    return takes_one(operation, ENDS)   ? becomes(operation, COUNT)
           : takes_one(operation, MASK) ? becomes(operation, REAL)
                                        : false;
}

static bool match_unsqueeze(operation *operation) {
    if (takes_two(operation, LENGTHS, CONSTANT) && is_int64(operation, 1, 1, FIRST)) {
        return becomes(operation, ENDS);
    }
    if (takes_two(operation, SHARE, CONSTANT) && is_int64(operation, 1, 1, FIRST)) {
        return becomes(operation, SHARES);
    }
    if (takes_two(operation, MASK, CONSTANT) && is_int64(operation, 1, 1, SECOND)) {
        return becomes(operation, KEPT);
    }
    return takes_two(operation, BRIEF, CONSTANT) && is_int64(operation, 1, 1, SECOND) &&
           becomes(operation, BRIEFLY);
}

/* Another number behind each text's end. */
static bool match_where(reading *reading, operation *operation) {
    if (!is(operation, "Where") || !takes(operation, 3, (const kind[]){KEPT, STATE, CONSTANT})) {
        return false;
    }
    const state *before = operation->inputs[1]->state;
    const stored *other = operation->inputs[2]->constant;
    state *state = copy_state(reading, before);
    if (state == NULL || before->is_masked || !has_axes(before, 3, STEPS_OF_TEXTS) ||
        !same_steps(before->steps, operation->inputs[0]->steps) || other->type != ELEMENT_FLOAT32 ||
        other->rank != 1 || other->count != 1) {
        return false;
    }
    state->is_masked = true;
    state->other = stored_float(other, 0);
    return give_state(operation, state);
}

bool match_onnx_mask(reading *reading, operation *operation) {
    if (is(operation, "Equal") && takes_two(operation, IDS, IDS) &&
        operation->inputs[0] == operation->inputs[1]) {
        return becomes(operation, SAME);
    }
    if (is(operation, "Less") && takes_two(operation, IDS, CONSTANT) &&
        is_integers(operation->inputs[1]->constant, ELEMENT_INT32, (const int64_t[]){INT32_MAX},
                    1)) {
        return becomes(operation, SAME);
    }
    if (is(operation, "Cast")) {
        return match_cast(operation);
    }
    if (is(operation, "ReduceSum") && operation->is_one && takes_two(operation, ONES, CONSTANT)) {
        becomes(operation, ENDS);
        return is_int64(operation, 1, 1, FIRST) && has_integer(operation, "keepdims", 1);
    }
    if (is(operation, "CumSum") && takes_two(operation, ONES, CONSTANT)) {
        const stored *axis = operation->inputs[1]->constant;
        return axis->type == ELEMENT_INT64 && axis->rank <= 1 && axis->count == 1 &&
               stored_integer(axis, 0) == 1 && becomes(operation, PLACES);
    }
    if (is(operation, "Unsqueeze")) {
        return match_unsqueeze(operation);
    }
    const bool is_same = operation->node->input_count == 2 &&
                         same_steps(operation->inputs[0]->steps, operation->inputs[1]->steps);
    if (is(operation, "LessOrEqual") && takes_two(operation, PLACES, ENDS) && is_same) {
        return becomes(operation, MASK);
    }
    if (is(operation, "Div") && takes_two(operation, REAL, COUNT) && is_same) {
        return becomes(operation, SHARE);
    }
    return match_where(reading, operation);
}

/* Whether a number behind a text's end is below all that stand before it. */
static bool is_below(const state *state) {
    const recurrent *layer = &state->layer.recurrent;
    const bool is_bounded =
        state->made == MADE_RECURRENT && layer->activation == TANH && layer->merge != MERGE_SUM;
    return state->other == -__FLT_MAX__ || (is_bounded && state->other == -2);
}

/* Steps that may be pooled: masked, or of one text alone. */
static bool is_sequence(const operation *operation, const value *value) {
    if (value->kind != STATE || !has_axes(value->state, 3, STEPS_OF_TEXTS)) {
        return false;
    }
    return operation->is_one ? !value->state->is_masked
                             : value->state->is_masked && is_below(value->state);
}

/* A part of a pooling. */
static value *give_part(operation *operation, kind kind, const state *of, pool_part part) {
    value *value = give(operation, kind, of->steps);
    value->state = of;
    value->pool = (pool){.count = 1, .of = {part}};
    return value;
}

static bool match_least(operation *operation) {
    const stored *number = operation->inputs[1]->constant;
    if (is(operation, "Less") && takes_two(operation, ENDS, CONSTANT) &&
        number->type == ELEMENT_INT32 && number->rank == 1 && number->count == 1 &&
        stored_integer(number, 0) > 0) {
        becomes(operation, BRIEF);
        operation->outputs[0]->number = (int32_t)stored_integer(number, 0);
        return true;
    }
    return is(operation, "Max") && takes_two(operation, LARGEST, CONSTANT) &&
           operation->inputs[0]->pool.padded_length == 0 && is_number(number, 0) &&
           becomes(operation, LARGEST_OR_ZERO);
}

/* The largest value, or zero where that is larger and the text is short. */
static bool match_choice(operation *operation) {
    if (!takes(operation, 3, (const kind[]){BRIEFLY, LARGEST_OR_ZERO, LARGEST})) {
        return false;
    }
    const value *brief = operation->inputs[0], *least = operation->inputs[1],
                *largest = operation->inputs[2];
    if (least->state != largest->state || largest->pool.padded_length != 0 ||
        !same_steps(brief->steps, largest->steps)) {
        return false;
    }
    *operation->outputs[0] = *largest;
    operation->outputs[0]->pool.padded_length = brief->number;
    return true;
}

static bool match_concat(operation *operation) {
    if (operation->node->input_count != 2 || !has_integer(operation, "axis", 2)) {
        return false;
    }
    const value *a = operation->inputs[0], *b = operation->inputs[1];
    const bool is_two =
        (a->kind == LARGEST && b->kind == MEAN) || (a->kind == MEAN && b->kind == LARGEST);
    if (!is_two || a->state != b->state) {
        return false;
    }
    value *value = give(operation, POOLED, a->steps);
    value->state = a->state;
    value->pool = (pool){.count = 2,
                         .of = {a->pool.of[0], b->pool.of[0]},
                         .padded_length = a->pool.padded_length + b->pool.padded_length};
    return true;
}

static bool match_squeeze(reading *reading, operation *operation) {
    const value *parts = operation->inputs[0];
    if (operation->node->input_count != 2 || !is_int64(operation, 1, 1, FIRST) ||
        (parts->kind != LARGEST && parts->kind != MEAN && parts->kind != POOLED)) {
        return false;
    }
    state *state = after(reading, parts->state, MADE_POOL);
    if (state == NULL) {
        return false;
    }
    state->rank = 2;
    __builtin_memcpy(state->axes, VECTORS_OF_TEXTS, sizeof VECTORS_OF_TEXTS);
    state->features *= parts->pool.count;
    state->steps = NULL;
    state->layer.kind = LAYER_POOL;
    state->layer.pool = parts->pool;
    return give_state(operation, state);
}

bool match_onnx_pool(reading *reading, operation *operation) {
    if (is(operation, "ReduceMax") && takes_one(operation, STATE) &&
        is_sequence(operation, operation->inputs[0]) && has_integers(operation, "axes", 1, FIRST) &&
        has_integer(operation, "keepdims", 1)) {
        give_part(operation, LARGEST, operation->inputs[0]->state, POOL_MAX);
        return true;
    }
    if (is(operation, "ReduceMean") && operation->is_one && takes_one(operation, STATE) &&
        is_sequence(operation, operation->inputs[0]) && has_integers(operation, "axes", 1, FIRST) &&
        has_integer(operation, "keepdims", 1)) {
        give_part(operation, MEAN, operation->inputs[0]->state, POOL_MEAN);
        return true;
    }
    if (is(operation, "MatMul") && takes_two(operation, SHARES, STATE) &&
        is_sequence(operation, operation->inputs[1]) &&
        same_steps(operation->inputs[0]->steps, operation->inputs[1]->state->steps)) {
        give_part(operation, MEAN, operation->inputs[1]->state, POOL_MEAN);
        return true;
    }
    if (is(operation, "Less") || is(operation, "Max")) {
        return match_least(operation);
    }
    if (is(operation, "Where")) {
        return match_choice(operation);
    }
    if (is(operation, "Concat")) {
        return match_concat(operation);
    }
    return is(operation, "Squeeze") && match_squeeze(reading, operation);
}
