/*
 * A bunch of texts between two stages: rows of features, those of a text one behind the other.
 * What a text has once, such as its last state, is one row.
 */
#ifndef EDGERNN_TEXTS_H
#define EDGERNN_TEXTS_H

#include "plan.h"

enum { BUNCH = 64 }; /* most texts of a bunch */

typedef struct texts {
    size_t count;
    const int32_t *ids[BUNCH];
    size_t lengths[BUNCH]; /* rows of each */
    size_t starts[BUNCH];  /* its first row */
    size_t row_count;
    int32_t features;
    size_t stride; /* floats from row to row */
    float *rows;
    float *other; /* as much memory, where a stage puts what it makes of the rows */
} texts;

ALWAYS_INLINE float *row_of(const texts *texts, size_t row) {
    return texts->rows + row * texts->stride;
}

/* What the stage has written becomes the rows. */
static void turn(texts *texts, int32_t features) {
    float *rows = texts->rows;
    texts->rows = texts->other;
    texts->other = rows;
    texts->features = features;
    texts->stride = stride_of(features);
}

/* Each text has so many rows from now on. */
static void count_rows(texts *texts) {
    texts->row_count = 0;
    for (size_t text = 0; text < texts->count; text++) {
        texts->starts[text] = texts->row_count;
        texts->row_count += texts->lengths[text];
    }
}

static void one_row_each(texts *texts) {
    for (size_t text = 0; text < texts->count; text++) {
        texts->lengths[text] = 1;
    }
    count_rows(texts);
}

#endif
