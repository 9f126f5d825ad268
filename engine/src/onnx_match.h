/*
 * What each tensor of an ONNX graph is. Each operator is known in the forms that the exporter writes,
 * and gives values of a kind that few other operators take: masks, places and hashes cannot be joined
 * to anything else.
 */
#ifndef EDGERNN_ONNX_MATCH_H
#define EDGERNN_ONNX_MATCH_H

#include "onnx_model.h"
#include "state.h"

typedef enum kind {
    /* Left out; ids int32 [batch, time]; lengths int32 [batch]; stored in the file; of a text. */
    NOTHING, IDS, LENGTHS, CONSTANT, STATE,
    /* What tells tokens from what stands behind a text's end. `steps` says at which place. */
    SAME, ONES, PLACES, /* ids == ids; 1 for each; 1, 2, 3, ... */
    ENDS, COUNT,        /* lengths [batch, 1], int32 and float32 */
    MASK, KEPT,         /* places <= ends: [batch, time], [batch, time, 1] */
    REAL, SHARE, SHARES, /* mask as float32; over count; [batch, 1, time] */
    /* Pooling: of `state`, [batch, 1, features]. */
    BRIEF, BRIEFLY, /* ends < number: [batch, 1], [batch, 1, 1] */
    LARGEST, LARGEST_OR_ZERO, MEAN, POOLED,
    /* N-grams, see onnx_ngrams.c. */
    TOKENS, PADDED, SHIFTED, GRAMS, HASHED, BUCKET, FOUND, SIZES, HELD, ALIKE, COUNTS, COUNTED,
    MEANS, SUM, SCALED, ROOT, WIDE
} kind;

typedef struct value {
    kind kind;
    stored *constant;
    const state *state;
    const steps *steps;
    const struct value *of, *with; /* what it was made of, where its kind says more of that */
    int32_t number;
    pool pool;
    ngrams *ngrams;
} value;

/* A node with what its inputs are. */
typedef struct operation {
    const onnx_node *node;
    const value *inputs[MAX_INPUTS]; /* of kind NOTHING where there are none */
    value *outputs[MAX_OUTPUTS]; /* to be filled; all of kind NOTHING at first */
    bool *used;                  /* the attributes that were asked for */
} operation;

/* Whether the inputs are of these kinds, and no more of them. */
bool takes(const operation *operation, size_t count, const kind *kinds);

/*
 * Whether an attribute is these integers; where `count` is 1, an integer or a list of one. An
 * attribute that nobody asks for is refused in the end.
 */
bool has_integers(operation *operation, const char *name, size_t count, const int64_t *numbers);
bool has_integer(operation *operation, const char *name, int64_t number);
bool has_string(operation *operation, const char *name, const char *words);
const onnx_attribute *find_attribute(operation *operation, const char *name, attribute_type type);

/* Whether an input is a constant of these int64 numbers. */
bool is_int64(const operation *operation, size_t input, size_t count, const int64_t *numbers);

/* Fill the only output. */
bool give_state(operation *operation, const state *state);
value *give(operation *operation, kind kind, const steps *steps);

/*
 * Each says whether the operation is one of its forms, and what it gives. False without a reason: it
 * is none of them.
 */
typedef bool matcher(reading *reading, operation *operation);
matcher match_embedding, match_weights, match_function, match_dense, match_shape, match_recurrent,
    match_windows, match_steps, match_mask, match_pool, match_ngrams;

#endif
