/*
 * Tensors as a file stores them, in whatever precision, and the way to float32 weights.
 */
#ifndef EDGERNN_STORED_H
#define EDGERNN_STORED_H

#include "reading.h"

enum { MAX_RANK = 4 };

typedef enum element {
    ELEMENT_FLOAT32,
    ELEMENT_FLOAT16,
    ELEMENT_INT8,
    ELEMENT_INT16,
    ELEMENT_INT32,
    ELEMENT_INT64,
    ELEMENT_OTHER
} element;

/*
 * A constant. What is not float32 counts as numbers of its own type until an operator of the graph,
 * or the tensor's own scales, decode it.
 */
typedef struct stored {
    text name;
    element type;
    int32_t rank, dims[MAX_RANK];
    size_t count;        /* of all numbers: the product of dims */
    const uint8_t *data; /* in the file, little-endian, at any address */
    bool is_decoded;     /* float32, or turned into it as below */

    /* Number i is multiplied by scale (i / inner) mod scales->count, and that by `step`. */
    const struct stored *scales; /* float32 or int8; NULL: none */
    size_t inner;
    float step;
    bool is_squared; /* number * |number| in place of the number: a table of n-grams */

    float *values; /* once they have been asked for */
} stored;

/*
 * Set dims, count and data; false, with the reason said, if a dimension is not positive, the product
 * overflows or the number of bytes is another.
 */
bool shape_stored(reading *reading, stored *stored, const int64_t *dims, size_t rank, text data);

/* All numbers as float32; NULL, with the reason said. They are decoded once. */
const float *stored_values(reading *reading, stored *stored);

/* Whether its numbers are all that they should be: int8 ones have their scales. */
static inline bool is_weights(const stored *stored) {
    return stored->is_decoded && (stored->type != ELEMENT_INT8 || stored->scales != NULL);
}

/* Whether all numbers are zeros. */
bool is_zero(reading *reading, const stored *stored);

/* Number `at` of an integer constant, and of a float32 one. */
int64_t stored_integer(const stored *stored, size_t at);
float stored_float(const stored *stored, size_t at);

/* Whether it is these integers, in one dimension. */
bool is_integers(const stored *stored, element type, const int64_t *numbers, size_t count);

/* Whether it is this one float32 number, or a half that is the same; in one dimension or none. */
bool is_number(const stored *stored, float number);

/*
 * Part of a stored tensor as three dimensions: number [i, j, k] is number
 * first + i * step[0] + j * step[1] + k * step[2] of it.
 */
typedef struct view {
    stored *of;
    size_t first;
    size_t count[3], step[3];
} view;

/*
 * Copy a view to `out`, [i, j, k] to out[(i * count[1] + j) * row + k]. The view must lie within the
 * tensor.
 */
bool copy_view(reading *reading, const view *view, float *out, size_t row);

#endif
