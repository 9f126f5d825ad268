/*
 * What a tensor that depends on a text is: the layers of the network that it has gone through.
 *
 * A matcher goes through a graph's operators in their order and says of each tensor which layer
 * made it, of which other one. States are never changed once they are made, so that it does not
 * matter who else reads a tensor; in the end the layers are those behind the output, walked back to
 * the embedding. Operators that are a layer only together (x * sigmoid(x)) make parts, of which the
 * last one makes a layer; a part that is left over is no network of ours.
 */
#ifndef EDGERNN_STATE_H
#define EDGERNN_STATE_H

#include "network.h"
#include "stored.h"

typedef enum axis { AXIS_BATCH, AXIS_TIME, AXIS_DIRECTION, AXIS_FEATURE, AXIS_ONE } axis;

/* How a text's number of steps at some place comes from that of its tokens; NULL: it is that. */
typedef struct steps {
    const struct steps *of;
    enum { STEPS_CUT, STEPS_ADDED, STEPS_DIVIDED } kind; /* - number; + number; / number */
    int32_t number;
} steps;

typedef enum made {
    /* Whole layers. */
    MADE_EMBEDDING, MADE_RECURRENT, MADE_DENSE, MADE_ACTIVATION, MADE_SCALE, MADE_CONV,
    MADE_MAX_POOL, MADE_POOL, MADE_SOFTMAX, MADE_NGRAMS,
    /* Parts. */
    MADE_ROWS,       /* of an embedding that its scales are still missing from */
    MADE_PRODUCT,    /* with a dense layer's kernel */
    MADE_TIMES,      /* each feature times a number */
    MADE_ABS, MADE_ABS_AND_ONE,
    MADE_LEAST,      /* the smaller one of x and 0 */
    MADE_SELU_BELOW, /* alpha * elu(least) */
    MADE_SELU_SUM    /* relu + the above */
} made;

/*
 * The weights of one direction, each gate in Keras's order a view [1, inputs, units]. The sum of
 * two biases [1, 1, units] is the bias, but for a GRU's with `reset_after`; one of nothing is 0.
 */
typedef struct gate_views {
    view kernel[4], recurrent_kernel[4], bias[4], more_bias[4];
} gate_views;

typedef struct state {
    const struct state *of; /* what was before the layer; NULL for the embedding */
    made made;
    int32_t rank;
    axis axes[MAX_RANK];
    int32_t features, directions;
    const steps *steps; /* how many a text has; only with AXIS_TIME */
    bool is_reversed;   /* the last step first */
    const struct state *same; /* what this is but for the order of its axes and steps; or NULL */
    bool is_masked;     /* steps behind a text's end are `other` */
    float other;

    layer layer; /* without weights, which are these: */
    stored *first, *second;      /* embedding's table; times, plus: constants; dense, conv: bias */
    view kernel;                 /* of a dense layer, convolution or n-grams */
    float divisor;               /* of a dense layer's kernel; 0: none */
    const gate_views *gates[2];  /* of a recurrent layer: forward, backward */
    const ngrams *ngrams;
} state;

/* A copy to be changed before anyone else sees it; NULL, with the reason said, without memory. */
state *copy_state(reading *reading, const state *from);

/* A layer or part behind a state, of the same shape. */
state *after(reading *reading, const state *before, made made);

static inline bool has_axes(const state *state, int32_t rank, const axis *axes) {
    return state->rank == rank && __builtin_memcmp(state->axes, axes, sizeof(axis) * rank) == 0;
}

/* The axes of steps and of vectors, one a text. */
extern const axis STEPS_OF_TEXTS[3], VECTORS_OF_TEXTS[2];

const steps *more_steps(reading *reading, const steps *of, int kind, int32_t number);
bool same_steps(const steps *a, const steps *b);

/* Functions of each number. NULL: no layer of ours, or no memory. */
const state *apply_function(reading *reading, const state *of, function function, float slope);
const state *apply_abs(reading *reading, const state *of);
const state *times_constant(reading *reading, const state *of, stored *constant);
const state *plus_constant(reading *reading, const state *of, stored *constant);
const state *least_of_constant(reading *reading, const state *of, stored *constant);
const state *times_state(reading *reading, const state *a, const state *b);
const state *plus_state(reading *reading, const state *a, const state *b);
const state *divided_by_state(reading *reading, const state *a, const state *b);

/* SELU of what lacks its last factor, which a converter puts into the kernel behind it; or NULL. */
const state *unscaled_selu(reading *reading, const state *of);
extern const float SELU_SCALE;

/*
 * Rows of a table: float32 ones are an embedding at once. int8 rows are that once they are cast and
 * multiplied by a scale for each column, or by one for each row, which is looked up beside them and
 * is itself a whole number of steps. NULL: no rows that an export has, or no memory.
 */
const state *looked_up(reading *reading, stored *table);
const state *rows_as_halves(reading *reading, const state *rows); /* int16 of the same bits */
const state *rows_as_floats(reading *reading, const state *rows);
const state *rows_times_constant(reading *reading, const state *rows, stored *scales);
const state *rows_times_scales(reading *reading, const state *rows, const state *sizes);

/* 1 / sqrt(n) and sqrt(n) of n from 1 on, rounded to float32. */
extern const float NGRAM_SHARES[MAX_NGRAM], NGRAM_ROOTS[MAX_NGRAM];

/*
 * Set what the id at a place, counted back from the last, is multiplied by; false where no n-gram
 * of that length has such a multiplier. Lengths from 0 for n-grams of one id.
 */
bool set_multiplier(ngram_hash *hash, int32_t length, int32_t place, int64_t multiplier);

/*
 * The n-grams that `hashed` gives buckets, and `checked` their checks; NULL where both do not hash
 * the same n-grams, or no memory.
 */
ngrams *with_checks(reading *reading, const ngrams *hashed, int32_t buckets,
                    const ngrams *checked, int32_t checks);

/* N-grams with their tables, and the kernel [1, units, outputs] where a bucket has a vector. */
typedef struct found_ngrams {
    const ngrams *ngrams;
    stored *table, *checks;
    view kernel; /* of nothing: none */
} found_ngrams;

/* Logits with the sum of n-grams; NULL where their hashes overflow int32, or no memory. */
const state *plus_ngrams(reading *reading, const state *before, const found_ngrams *found);

/* The same numbers, to be given another shape or scale. */
stored *copy_stored(reading *reading, const stored *from);

/* The network whose probabilities a state is. */
bool build_network(reading *reading, const state *probabilities, network *network);

#endif
