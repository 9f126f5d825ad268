/*
 * Products of rows with a matrix. Each number of a result is one chain of multiply-adds in the
 * order of the row, whatever rows are computed beside it: so scores do not depend on neighbours.
 *
 * A tile's sums stay in registers: up to ROWS rows by one panel of four vectors, or by two panels
 * where there are registers for it, or where one row alone would leave the units idle. An
 * element of the row is spread over a vector once for all of the tile, an element of the matrix
 * loaded once for all rows.
 * Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.
 */
#ifndef EDGERNN_PRODUCT_H
#define EDGERNN_PRODUCT_H

#include "arena.h"
#include "vector.h"

enum { ROWS = 3, PANEL = 4 };

/* Panels of four vectors, then one of two and one of one, as the number of vectors asks for; a
 * panel is [depth, vectors, lanes]. */
typedef struct matrix {
    int32_t depth, vectors;
    const float *panels;
} matrix;

ALWAYS_INLINE int32_t columns_of(const matrix *matrix) { return matrix->vectors * LANES; }

/* Width of the panel that the vector belongs to, and where that starts. */
ALWAYS_INLINE int32_t panel_at(int32_t vectors, int32_t at, int32_t *start) {
    const int32_t whole = vectors / PANEL * PANEL;
    if (at < whole) {
        *start = at / PANEL * PANEL;
        return PANEL;
    }
    const int32_t pair = vectors & 2;
    *start = at < whole + pair ? whole : whole + pair;
    return at < whole + pair ? 2 : 1;
}

/*
 * Pack some gates of Keras's [depth, stride], units each, from a gate on, each times a factor.
 * A gate's columns start at a whole vector; what fills the last is zero.
 */
static bool pack(arena *arena, matrix *matrix, const float *source, int32_t depth, int32_t stride,
                 int32_t first_gate, int32_t gates, int32_t units, const float *factors) {
    const int32_t each = vectors_for(units), vectors = gates * each;
    float *panels = arena_take(arena, (size_t)depth * (size_t)vectors, LANES * sizeof(float));
    if (panels == NULL) {
        return false;
    }
    for (int32_t gate = 0; gate < gates; gate++) {
        for (int32_t unit = 0; unit < units; unit++) {
            const int32_t at = gate * each + unit / LANES;
            int32_t start;
            const int32_t width = panel_at(vectors, at, &start);
            const size_t lane = (size_t)(at - start) * LANES + (size_t)(unit % LANES);
            float *to = panels + (size_t)start * (size_t)depth * LANES + lane;
            const float *from = source + (size_t)(first_gate + gate) * (size_t)units + unit;
            for (int32_t row = 0; row < depth; row++) {
                to[(size_t)row * (size_t)width * LANES] = from[(size_t)row * (size_t)stride] * factors[gate];
            }
        }
    }
    *matrix = (struct matrix){.depth = depth, .vectors = vectors, .panels = panels};
    return true;
}

/* The same of a row [gates * units]; NULL if there is no memory for it. */
static float *pack_row(arena *arena, const float *source, int32_t first_gate, int32_t gates,
                       int32_t units, const float *factors) {
    const int32_t each = vectors_for(units) * LANES;
    float *row = arena_take(arena, (size_t)gates * (size_t)each, sizeof(float));
    for (int32_t gate = 0; row != NULL && gate < gates; gate++) {
        for (int32_t unit = 0; unit < units; unit++) {
            row[gate * each + unit] = source[(first_gate + gate) * units + unit] * factors[gate];
        }
    }
    return row;
}

/* One tile: some vectors of `panels` panels that stand one behind the other. */
ALWAYS_INLINE void tile(const int32_t rows, const int32_t panels, const int32_t width,
                        const float *const *start, const float *const *in, const float *weights,
                        const int32_t depth, float *const *out, int32_t at) {
    vec sums[ROWS][2 * PANEL];
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t v = 0; v < panels * width; v++) {
            sums[row][v] = load(start[row] + (at + v) * LANES);
        }
    }
    const size_t next_panel = (size_t)depth * (size_t)width * LANES;
    for (int32_t k = 0; k < depth; k++) {
        vec each[ROWS];
        for (int32_t row = 0; row < rows; row++) {
            each[row] = splat(in[row][k]);
        }
        for (int32_t panel = 0; panel < panels; panel++) {
            for (int32_t v = 0; v < width; v++) {
                const vec weight = load(weights + (size_t)panel * next_panel + v * LANES);
                for (int32_t row = 0; row < rows; row++) {
                    vec *sum = &sums[row][panel * width + v];
                    *sum = multiply_add(each[row], weight, *sum);
                }
            }
        }
        weights += width * LANES;
    }
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t v = 0; v < panels * width; v++) {
            store(out[row] + (at + v) * LANES, sums[row][v]);
        }
    }
}

ALWAYS_INLINE void product_of(const int32_t rows, const float *const *start, const float *const *in,
                              const matrix *matrix, float *const *out) {
    const int32_t depth = matrix->depth, vectors = matrix->vectors;
    const float *panels = matrix->panels;
    const size_t vector_size = (size_t)depth * LANES;
    int32_t at = 0;
    if (rows == 1 || REGISTERS == 32) {
        for (; at + 2 * PANEL <= vectors; at += 2 * PANEL) {
            tile(rows, 2, PANEL, start, in, panels + (size_t)at * vector_size, depth, out, at);
        }
    }
    for (; at + PANEL <= vectors; at += PANEL) {
        tile(rows, 1, PANEL, start, in, panels + (size_t)at * vector_size, depth, out, at);
    }
    if (vectors & 2) {
        tile(rows, 1, 2, start, in, panels + (size_t)at * vector_size, depth, out, at);
        at += 2;
    }
    if (vectors & 1) {
        tile(rows, 1, 1, start, in, panels + (size_t)at * vector_size, depth, out, at);
    }
}

/*
 * out = start + in * matrix, for 1 to ROWS rows. `start` and `out` are as wide as the matrix with
 * its filling, `in` is as long as it is deep. A row's `out` may be its `start`, not its `in`.
 */
static __attribute__((noinline)) void product(int32_t rows, const float *const *start, const float *const *in,
                    const matrix *matrix, float *const *out) {
#if defined(EDGERNN_SMALL) /* two rows are rare: the last of many */
    if (rows < ROWS) {
        for (int32_t row = 0; row < rows; row++) {
            product_of(1, start + row, in + row, matrix, out + row);
        }
        return;
    }
#endif
    switch (rows) {
    case 1: product_of(1, start, in, matrix, out); break;
    case 2: product_of(2, start, in, matrix, out); break;
    default: product_of(3, start, in, matrix, out); break;
    }
}

#endif
