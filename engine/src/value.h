/*
 * What a tensor of a graph is, in either format: a matcher goes through the operators and says of
 * each result its kind. Few other operators take it: masks, places and hashes cannot be joined to
 * anything else.
 */
#ifndef EDGERNN_VALUE_H
#define EDGERNN_VALUE_H

#include "state.h"

typedef enum kind {
    /* Left out or not there yet; ids int32 [batch, time]; stored in the file; of a text. */
    NOTHING, IDS, CONSTANT, STATE,
    /* N-grams, see onnx_ngrams.c and tflite_ngrams.c; the last row is of those with vectors. */
    TOKENS, MULTIPLIED, SPREAD, PADDED, SHIFTED, PRODUCT, TOTAL, GRAMS, HASHED, BUCKET, FOUND,
    SIZES, HELD, ALIKE, COUNTS, COUNTED, MEANS, SUM, SCALED, ROOT, WIDE, WIDE_LIST,
    COUNTS_EACH, VECTORS, VECTORS_SUM, VECTORS_MEAN, VECTOR, ROOTED, LOGITS,

    /* Of ONNX: lengths int32 [batch], and what tells tokens from what stands behind a text's end;
     * `steps` says at which place. */
    LENGTHS,
    SAME, ONES, PLACES, /* ids == ids, or ids < 2^31 - 1; 1 for each; 1, 2, 3, ... */
    ENDS, COUNT,        /* lengths [batch, 1], int32 and float32 */
    MASK, KEPT,         /* places <= ends: [batch, time], [batch, time, 1] */
    REAL, SHARE, SHARES, /* mask as float32; over count; [batch, 1, time] */
    /* Pooling: of `state`, [batch, 1, features]. */
    BRIEF, BRIEFLY, /* ends < number: [batch, 1], [batch, 1, 1]; of TFLite bool and float32 */
    LARGEST, LARGEST_OR_ZERO, MEAN, POOLED,

    /* Of TFLite: kept between calls; how many steps a state has, or a text tokens: the shape
     * [1, time] or the like, the number as int32, as [1], and as float32. */
    VARIABLE, SHAPE, LENGTH, LENGTH_LIST, LENGTH_FLOAT,
    MINUS_LARGEST, ABOVE_ZERO, LEAST, /* pooling: minus the largest, cut at 0, where brief */
    STEP_SUM, /* of all steps, which is still to be divided by their number */
    /* Loops: [steps, 1, units], zeros of it; a counter at its end; the last state [1, 1, units]. */
    BUFFER_SHAPE, BUFFER, COUNTED_UP, LAST_STATE
} kind;

typedef struct value {
    kind kind;
    stored *constant;
    const state *state;
    const steps *steps;
    const struct value *of, *with; /* what it was made of, where its kind says more of that */
    int32_t number;
    int32_t factor, modulus, times; /* of tokens: see ngrams; how often that was done */
    pool pool;
    ngrams *ngrams;
} value;

/* The n-grams whose numbers are found and whose checks are alike; NULL: others, or no memory. */
static inline ngrams *counted_ngrams(reading *reading, const value *found, const value *alike) {
    const value *held = alike->of, *check = alike->with, *bucket = found->of;
    return held->of == bucket
               ? with_checks(reading, bucket->ngrams, bucket->number, check->ngrams, check->number)
               : NULL;
}

#endif
