/*
 * Layers of one row each: embeddings, dense layers, functions and factors of each feature.
 */
#ifndef EDGERNN_ROWS_H
#define EDGERNN_ROWS_H

#include "functions.h"
#include "texts.h"

static void run_embedding(const stage *stage, texts *texts) {
    const size_t units = (size_t)stage->outputs, stride = stride_of(stage->outputs);
    for (size_t text = 0; text < texts->count; text++) {
        for (size_t step = 0; step < texts->lengths[text]; step++) {
            const float *from = stage->table + (size_t)texts->ids[text][step] * units;
            float *to = texts->other + (texts->starts[text] + step) * stride;
            __builtin_memcpy(to, from, units * sizeof(float));
        }
    }
    turn(texts, stage->outputs);
}

static void run_function(function function, float slope, const texts *texts) {
    apply(function, slope, texts->rows, texts->row_count * texts->stride);
}

static void run_dense(const stage *stage, texts *texts) {
    const size_t stride = stride_of(stage->outputs);
    for (size_t row = 0; row < texts->row_count; row += ROWS) {
        const float *start[ROWS], *in[ROWS];
        float *out[ROWS];
        const size_t left = texts->row_count - row;
        const int32_t count = left < ROWS ? (int32_t)left : ROWS;
        for (int32_t one = 0; one < count; one++) {
            start[one] = stage->product.bias;
            in[one] = row_of(texts, row + (size_t)one);
            out[one] = texts->other + (row + (size_t)one) * stride;
        }
        product(count, start, in, &stage->product.matrix, out);
    }
    turn(texts, stage->outputs);
    run_function(stage->layer.dense.activation, 0, texts);
}

static void run_scale(const stage *stage, texts *texts) {
    for (size_t row = 0; row < texts->row_count; row++) {
        float *each = row_of(texts, row);
        for (size_t at = 0; at < texts->stride; at += LANES) {
            store(each + at, load(each + at) * load(stage->scale + at) + load(stage->shift + at));
        }
    }
}

#endif
