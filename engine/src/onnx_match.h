/*
 * The operators of an ONNX graph, each in the forms that the exporter writes.
 */
#ifndef EDGERNN_ONNX_MATCH_H
#define EDGERNN_ONNX_MATCH_H

#include "onnx_model.h"
#include "value.h"

/* A node with what its inputs are. */
typedef struct operation {
    const onnx_node *node;
    const value *inputs[MAX_INPUTS]; /* of kind NOTHING where there are none */
    value *outputs[MAX_OUTPUTS]; /* to be filled; all of kind NOTHING at first */
    bool *used;                  /* the attributes that were asked for */
    bool is_one; /* whether the graph takes one text at its true length, and no lengths */
} operation;

/* Whether the inputs are of these kinds, and no more of them. */
static inline bool takes(const operation *operation, size_t count, const kind *kinds) {
    if (operation->node->input_count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (operation->inputs[i]->kind != kinds[i]) {
            return false;
        }
    }
    return true;
}

static inline bool is(const operation *operation, const char *name) {
    return is_text(operation->node->operator, name);
}

static inline bool takes_one(const operation *operation, kind first) {
    return takes(operation, 1, (const kind[]){first});
}

static inline bool takes_two(const operation *operation, kind first, kind second) {
    return takes(operation, 2, (const kind[]){first, second});
}

/* An attribute, which counts as known from then on; one that nobody asks for is refused. */
static inline const onnx_attribute *find_attribute(operation *operation, const char *name,
                                                   attribute_type type) {
    for (size_t i = 0; i < operation->node->attribute_count; i++) {
        const onnx_attribute *attribute = &operation->node->attributes[i];
        if (attribute->type == type && is_text(attribute->name, name)) {
            operation->used[i] = true;
            return attribute;
        }
    }
    return NULL;
}

/* Whether an attribute is these integers; where `count` is 1, an integer or a list of one. */
static inline bool has_integers(operation *operation, const char *name, size_t count,
                                const int64_t *numbers) {
    const onnx_attribute *attribute = find_attribute(operation, name, ATTRIBUTE_INTS);
    if (attribute == NULL && count == 1) {
        attribute = find_attribute(operation, name, ATTRIBUTE_INT);
    }
    if (attribute == NULL || attribute->count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (attribute->integers[i] != numbers[i]) {
            return false;
        }
    }
    return true;
}

static inline bool has_integer(operation *operation, const char *name, int64_t number) {
    return has_integers(operation, name, 1, &number);
}

static inline bool has_string(operation *operation, const char *name, const char *words) {
    const onnx_attribute *attribute = find_attribute(operation, name, ATTRIBUTE_STRING);
    return attribute != NULL && is_text(attribute->strings[0], words);
}

/* Whether an input is a constant of these int64 numbers. */
static inline bool is_int64(const operation *operation, size_t input, size_t count,
                            const int64_t *numbers) {
    const value *value = operation->inputs[input];
    return value->kind == CONSTANT && is_integers(value->constant, ELEMENT_INT64, numbers, count);
}

/* Fill the only output: with a state, with another kind, with the first input as another kind. */
static inline bool give_state(operation *operation, const state *state) {
    operation->outputs[0]->kind = STATE;
    operation->outputs[0]->state = state;
    return state != NULL && operation->node->output_count == 1;
}

static inline value *give(operation *operation, kind kind, const steps *steps) {
    *operation->outputs[0] = (value){.kind = kind, .steps = steps};
    return operation->outputs[0];
}

static inline value *becomes(operation *operation, kind kind) {
    *operation->outputs[0] = *operation->inputs[0];
    operation->outputs[0]->kind = kind;
    return operation->outputs[0];
}

/*
 * Each says whether the operation is one of its forms, and what it gives. False without a reason:
 * it is none of them.
 */
typedef bool matcher(reading *reading, operation *operation);
matcher match_onnx_embedding, match_onnx_weights, match_onnx_function, match_onnx_dense,
    match_onnx_shape, match_onnx_recurrent, match_onnx_windows, match_onnx_steps, match_onnx_mask,
    match_onnx_pool, match_onnx_ngrams, match_onnx_ngram_vectors;

#endif
