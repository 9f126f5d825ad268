/*
 * The operators of a TFLite graph, each in the forms that the exporter writes. A graph takes one text
 * at its true length, so that there are no masks; time may run backwards, and recurrent layers may be
 * loops.
 */
#ifndef EDGERNN_TFLITE_MATCH_H
#define EDGERNN_TFLITE_MATCH_H

#include "tflite_model.h"
#include "tflite_schema.h"
#include "value.h"

/* An operator with what its inputs are. */
typedef struct operation {
    const tflite_model *model;
    const tflite_operator *operator;
    const value *inputs[MAX_TFLITE_INPUTS]; /* of kind NOTHING where there are none */
    value *outputs[MAX_TFLITE_OUTPUTS];
    const tflite_tensor *results[MAX_TFLITE_OUTPUTS]; /* the tensors that the outputs are */
} operation;

static inline bool is(const operation *operation, int32_t code) {
    return operation->operator->code == code;
}

/* Whether the inputs are of these kinds, and no more of them. */
static inline bool takes(const operation *operation, size_t count, const kind *kinds) {
    if (operation->operator->input_count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (operation->inputs[i]->kind != kinds[i]) {
            return false;
        }
    }
    return true;
}

static inline bool takes_one(const operation *operation, kind first) {
    return takes(operation, 1, (const kind[]){first});
}

static inline bool takes_two(const operation *operation, kind first, kind second) {
    return takes(operation, 2, (const kind[]){first, second});
}

/* Whether options are of a type and have no more than so many fields; type 0: no options. */
bool are_options(reading *reading, const tflite_operator *operator, int32_t type, size_t count);

static inline bool has_options(reading *reading, const operation *operation, int32_t type,
                               size_t count) {
    return are_options(reading, operation->operator, type, count);
}

/* Option `field`, a number of `size` bytes; those that are left out are 0. */
static inline int64_t option(reading *reading, const operation *operation, size_t field,
                             size_t size) {
    return field_integer(reading, &operation->operator->options, field, size, 0);
}

/* Whether an input is an int32 constant of these numbers; `rank` 0: a scalar. */
static inline bool is_int32(const operation *operation, size_t input, int32_t rank, size_t count,
                            const int64_t *numbers) {
    const value *value = operation->inputs[input];
    if (value->kind != CONSTANT || value->constant->type != ELEMENT_INT32 ||
        value->constant->rank != rank || value->constant->count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (stored_integer(value->constant, i) != numbers[i]) {
            return false;
        }
    }
    return true;
}

/* Fill the only output: with a state, with another kind, with the first input as another kind. */
static inline bool give_state(operation *operation, const state *state) {
    *operation->outputs[0] = (value){.kind = STATE, .state = state};
    return state != NULL;
}

static inline value *give(operation *operation, kind kind) {
    *operation->outputs[0] = (value){.kind = kind};
    return operation->outputs[0];
}

static inline value *becomes(operation *operation, kind kind) {
    *operation->outputs[0] = *operation->inputs[0];
    operation->outputs[0]->kind = kind;
    return operation->outputs[0];
}

/* The state behind a fused activation, one of the schema's ActivationFunctionType. */
static inline const state *fused(reading *reading, const state *state, int64_t activation) {
    if (state == NULL) {
        return NULL;
    }
    switch (activation) {
    case FUSED_NONE: return state;
    case FUSED_RELU: return apply_function(reading, state, RELU, 0);
    case FUSED_RELU6: return apply_function(reading, state, RELU6, 0);
    case FUSED_TANH: return apply_function(reading, state, TANH, 0);
    default: return NULL;
    }
}

/* Whether the options of a STRIDED_SLICE are these masks: of begin, end and of axes that go. */
static inline bool has_slice_masks(reading *reading, const operation *operation, int64_t begin,
                                   int64_t end, int64_t shrink) {
    return has_options(reading, operation, OPTIONS_STRIDED_SLICE, 6) &&
           option(reading, operation, 0, 4) == begin && option(reading, operation, 1, 4) == end &&
           option(reading, operation, 2, 4) == 0 && option(reading, operation, 3, 4) == 0 &&
           option(reading, operation, 4, 4) == shrink && option(reading, operation, 5, 1) == 0;
}

/* The axes of steps as loops have them: time first; and of one text's steps as rows. */
extern const axis STEPS_FIRST[3], ROWS[2];

/* What a state is but for the order of its axes and steps. */
static inline const state *root_of(const state *state) {
    return state->same == NULL ? state : state->same;
}

/* One direction of a recurrent layer; that of reversed steps is the backward one. */
state *recurrent_state(reading *reading, const state *before, cell cell, int32_t units,
                       const gate_views *views);

/*
 * What the body of a loop computes: one step of a cell. Input and output k of the body are the same
 * at the next step.
 */
typedef struct cell_step {
    cell cell;
    bool reset_after;
    function activation, gates;
    gate_views views;
    int32_t units;
    size_t time, hidden, memory; /* inputs: the place in the text, the output, an LSTM's cell */
} cell_step;

/* What the inputs of a body are. */
typedef enum body_input {
    INPUT_COUNTER, INPUT_LENGTH, INPUT_STEPS, INPUT_BUFFER, INPUT_LAST, INPUT_STATE, INPUT_LOWEST
} body_input;

/*
 * False without a reason: it is no step of a cell that an export has. The steps are the layer's
 * inputs, or, where `product` is not NULL, that product of them with the kernels.
 */
bool match_tflite_body(reading *reading, const tflite_graph *body, const body_input *inputs,
                       int32_t features, const state *product, cell_step *step);

typedef bool matcher(reading *reading, operation *operation);
matcher match_tflite_embedding, match_tflite_function, match_tflite_dense, match_tflite_windows,
    match_tflite_shape, match_tflite_recurrent, match_tflite_pool, match_tflite_ngrams,
    match_tflite_loop, match_tflite_ngram_vectors;

/* Whether a product or a sum has no function behind it. */
bool has_fused_none(reading *reading, const operation *operation, int32_t type, size_t count);

/* Whether these are the two directions of one layer, and both of them as one. */
bool are_directions(const state *a, const state *b);
state *both_directions(reading *reading, const state *forward, const state *backward, merge merge);

/* Go through the operators of the main graph; `values` has room for each tensor. */
bool match_tflite_graph(reading *reading, const tflite_model *model, const tflite_graph *graph,
                        value *values);

#endif
