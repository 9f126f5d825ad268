/*
 * A network as plain layers and float32 weights: what the readers make of a file, and all that the
 * arithmetic knows. It mirrors exporters/network.py, in Keras's names and layouts; matrices are
 * row-major. The arithmetic copies the weights that it keeps, so all of it may be released then.
 */
#ifndef EDGERNN_NETWORK_H
#define EDGERNN_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_LAYERS = 64, MAX_NGRAM = 8, MAX_NGRAM_UNITS = 256 };

typedef enum function {
    LINEAR, RELU, TANH, SIGMOID, LEAKY_RELU, RELU6, ELU, SELU, SILU, SOFTSIGN, HARD_SIGMOID
} function;

/* float32 [ids, units] */
typedef struct embedding {
    int32_t ids, units;
    const float *table;
} embedding;

typedef enum cell { CELL_LSTM, CELL_GRU, CELL_SIMPLE_RNN } cell;
typedef enum merge { MERGE_CONCAT, MERGE_SUM, MERGE_AVE, MERGE_MUL } merge;

/* One direction; gates in Keras's order: input, forget, cell, output; update, reset, candidate. */
typedef struct direction {
    const float *kernel;           /* [inputs, gates * units] */
    const float *recurrent_kernel; /* [units, gates * units] */
    const float *bias;             /* [gates * units] */
    const float *recurrent_bias;   /* [gates * units] of a GRU with reset_after, else NULL */
} direction;

typedef struct recurrent {
    cell cell;
    int32_t inputs, units;
    bool sequences; /* the state after each step, or the last alone */
    bool reset_after;
    bool has_forward, has_backward; /* at least one */
    direction forward, backward;
    merge merge;
    function activation; /* TANH, RELU or SIGMOID */
    function gates;      /* SIGMOID or HARD_SIGMOID: x / 6 + 1/2, cut to [0, 1] */
} recurrent;

typedef struct dense {
    int32_t inputs, units;
    const float *kernel; /* [inputs, units] */
    const float *bias;   /* [units] */
    function activation;
} dense;

/* A function of each number by itself. */
typedef struct activation {
    function function;
    float slope; /* of LEAKY_RELU, below zero */
} activation;

/* Each feature times a number, plus a number: [features] both. */
typedef struct scale {
    int32_t features;
    const float *scale, *shift;
} scale;

typedef enum padding { PAD_VALID, PAD_SAME, PAD_CAUSAL } padding;

typedef struct conv {
    int32_t width, inputs, filters, stride, dilation;
    padding padding;
    const float *kernel; /* [width, inputs, filters] */
    const float *bias;   /* [filters] */
} conv;

typedef struct max_pool {
    int32_t size, stride;
    padding padding; /* valid or same */
} max_pool;

typedef enum pool_part { POOL_MAX, POOL_MEAN } pool_part;

/* Over a text's steps; the parts' results one behind the other. */
typedef struct pool {
    int32_t count; /* 1 or 2 */
    pool_part of[2];
    int32_t padded_length; /* a text of fewer tokens has a zero among what max is taken of; or 0 */
} pool;

/*
 * A linear model over hashed n-grams of ids, see edgernn/ngrams.py: for each of the lengths 1 to
 * `longest` and each token, bucket = hash mod buckets; where the bucket's check is the n-gram's own,
 * its number counts. The sum over the root of longest * tokens is added to the logit. Or a bucket has
 * a vector, and their sum over the root of tokens times a kernel is added to the logits.
 * hash = (offset + sum over the ids before, the last first, of id * multiplier), all as int32.
 */
typedef struct ngram_hash {
    int32_t offset;
    int32_t multipliers[MAX_NGRAM];
} ngram_hash;

typedef struct ngrams {
    int32_t longest; /* 0: the network has none */
    int32_t buckets, checks;
    int32_t units;             /* 1, unless there is a kernel */
    const float *table;        /* [buckets, units] */
    const float *kernel;       /* [units, outputs], or NULL */
    const int8_t *check_table; /* [buckets]; -1: empty */
    ngram_hash bucket_hash[MAX_NGRAM], check_hash[MAX_NGRAM];
    int32_t factor, modulus; /* 0: ids as they are; else id * factor mod modulus, twice, is hashed */
} ngrams;

typedef enum layer_kind {
    LAYER_EMBEDDING, LAYER_RECURRENT, LAYER_DENSE, LAYER_ACTIVATION, LAYER_SCALE, LAYER_CONV,
    LAYER_MAX_POOL, LAYER_POOL
} layer_kind;

typedef struct layer {
    layer_kind kind;
    union {
        embedding embedding;
        recurrent recurrent;
        dense dense;
        activation activation;
        scale scale;
        conv conv;
        max_pool max_pool;
        pool pool;
    };
} layer;

typedef enum head { HEAD_SIGMOID, HEAD_SOFTMAX } head;

/* Layers from ids to a text's logits. The first is the embedding, the last a dense layer. */
typedef struct network {
    int32_t count;
    layer layers[MAX_LAYERS];
    ngrams ngrams;
    head head;
    int32_t outputs;
} network;

#endif
