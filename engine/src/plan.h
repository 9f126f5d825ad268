/*
 * A network made ready for one level: its layers with weights packed, and what a text takes.
 */
#ifndef EDGERNN_PLAN_H
#define EDGERNN_PLAN_H

#include "ngrams.h"
#include "product.h"

/* One direction of a recurrent layer. A step's input adds a row of the table of its id, or the
 * product of the row that it reads. */
typedef struct pass {
    bool backward;
    const float *table; /* [ids, sums], or NULL */
    matrix input;
    const float *input_bias; /* [sums] */
    matrix state;            /* of all gates; of a GRU, of update and reset */
    matrix candidate;        /* of a GRU */
    const float *candidate_bias;
} pass;

typedef struct recurrent_plan {
    recurrent layer;
    bool usual;             /* tanh and sigmoid, whose factors are in the weights */
    bool reads_ids;         /* not the steps of a layer before it */
    const float *embedding; /* [ids, inputs], if it reads ids and has no table */
    int32_t width;          /* units, filled up to whole vectors */
    int32_t sums;           /* floats of all gates */
    int32_t passes;         /* 1 or 2 */
    pass pass[2];
    pool pool; /* done as it runs; count 0: none */
} recurrent_plan;

typedef struct product_plan {
    matrix matrix;
    const float *bias; /* as wide as the matrix with its filling */
} product_plan;

/* A layer; features of a step before it and behind it. */
typedef struct stage {
    layer layer;
    int32_t inputs, outputs;
    union {
        const float *table; /* of an embedding: [ids, units] */
        recurrent_plan recurrent;
        product_plan product; /* of a dense layer and a convolution */
        struct {
            const float *scale, *shift; /* filled up to whole vectors */
        };
    };
} stage;

typedef struct plan {
    int32_t ids, outputs;
    size_t shortest; /* tokens that a text has at least */
    head head;
    ngrams_plan ngrams;
    int32_t widest_step; /* most features of a step between two stages; 0: no stage reads steps */
    int32_t widest_text; /* most features of what is once a text */
    size_t slot_floats;  /* most that a text takes while it runs through a recurrent layer */
    size_t window_floats; /* most that a convolution reads for one step */
    int32_t count;
    stage stages[MAX_LAYERS];
} plan;

/* Floats from one row to the next: features, filled up to whole vectors. */
ALWAYS_INLINE size_t stride_of(int32_t features) { return (size_t)vectors_for(features) * LANES; }

#endif
