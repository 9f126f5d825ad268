/*
 * Layers along time: convolutions, and the largest or mean value of windows or of a whole text.
 */
#ifndef EDGERNN_WINDOWS_H
#define EDGERNN_WINDOWS_H

#include "functions.h"
#include "texts.h"

/* Steps between the first and the last that one output of a convolution reads. */
ALWAYS_INLINE int64_t reach_of(const conv *conv) {
    return (int64_t)(conv->width - 1) * conv->dilation;
}

/* Gather what a convolution reads for one step: [width, inputs], zeros outside the text. */
static void gather(const conv *conv, const texts *texts, size_t text, int64_t first, float *window) {
    const size_t inputs = (size_t)conv->inputs;
    for (int32_t place = 0; place < conv->width; place++) {
        const int64_t at = first + (int64_t)place * conv->dilation;
        float *to = window + (size_t)place * inputs;
        if (at < 0 || at >= (int64_t)texts->lengths[text]) {
            __builtin_memset(to, 0, inputs * sizeof(float));
        } else {
            const float *from = row_of(texts, texts->starts[text] + (size_t)at);
            __builtin_memcpy(to, from, inputs * sizeof(float));
        }
    }
}

static void run_conv(const stage *stage, texts *texts, float *memory) {
    const conv *conv = &stage->layer.conv;
    const int64_t reach = reach_of(conv);
    const int64_t before = conv->padding == PAD_SAME     ? reach / 2
                           : conv->padding == PAD_CAUSAL ? reach
                                                         : 0;
    const size_t window_size = (size_t)conv->width * (size_t)conv->inputs;
    const size_t stride = stride_of(stage->outputs);
    size_t row = 0;
    for (size_t text = 0; text < texts->count; text++) {
        size_t steps = texts->lengths[text];
        if (conv->padding == PAD_VALID) {
            steps = (steps - (size_t)reach - 1) / (size_t)conv->stride + 1;
        }
        for (size_t at = 0; at < steps; at += ROWS) {
            const float *start[ROWS], *in[ROWS];
            float *out[ROWS];
            const int32_t count = steps - at < ROWS ? (int32_t)(steps - at) : ROWS;
            for (int32_t one = 0; one < count; one++) {
                float *window = memory + (size_t)one * window_size;
                gather(conv, texts, text, (int64_t)(at + (size_t)one) * conv->stride - before, window);
                start[one] = stage->product.bias;
                in[one] = window;
                out[one] = texts->other + (row + at + (size_t)one) * stride;
            }
            product(count, start, in, &stage->product.matrix, out);
        }
        row += steps;
    }
    for (size_t text = 0; conv->padding == PAD_VALID && text < texts->count; text++) {
        texts->lengths[text] = (texts->lengths[text] - (size_t)reach - 1) / (size_t)conv->stride + 1;
    }
    turn(texts, stage->outputs);
    count_rows(texts);
}

/* The largest of each feature among rows first to last - 1 of the texts. */
static void largest_of(const texts *texts, size_t first, size_t last, float *to) {
    for (size_t at = 0; at < texts->stride; at += LANES) {
        vec largest = load(row_of(texts, first) + at);
        for (size_t row = first + 1; row < last; row++) {
            largest = larger(largest, load(row_of(texts, row) + at));
        }
        store(to + at, largest);
    }
}

static void run_max_pool(const stage *stage, texts *texts) {
    const max_pool *pool = &stage->layer.max_pool;
    const size_t size = (size_t)pool->size, stride = (size_t)pool->stride;
    size_t written = 0;
    for (size_t text = 0; text < texts->count; text++) {
        const size_t length = texts->lengths[text], start = texts->starts[text];
        /* The last window may be a shorter one, unless all are to be whole. */
        const size_t steps = pool->padding == PAD_SAME ? (length + stride - 1) / stride
                                                       : (length - size) / stride + 1;
        for (size_t at = 0; at < steps; at++) {
            const size_t first = at * stride;
            const size_t last = first + size < length ? first + size : length;
            largest_of(texts, start + first, start + last, texts->other + written * texts->stride);
            written++;
        }
        texts->lengths[text] = steps;
    }
    turn(texts, stage->outputs);
    count_rows(texts);
}

/* Up to LANES of so many numbers that are left. */
static void store_some(float *to, vec value, int32_t left) {
    if (left >= LANES) {
        store(to, value);
    } else {
        __builtin_memcpy(to, &value, (size_t)left * sizeof(float));
    }
}

static void run_pool(const stage *stage, texts *texts) {
    const pool *pool = &stage->layer.pool;
    const int32_t features = texts->features;
    const size_t stride = stride_of(stage->outputs);
    for (size_t text = 0; text < texts->count; text++) {
        const size_t length = texts->lengths[text];
        const bool is_short = length < (size_t)pool->padded_length;
        float *row = texts->other + text * stride;
        for (int32_t at = 0; at < features; at += LANES) {
            const float *from = row_of(texts, texts->starts[text]) + at;
            vec largest = load(from), total = load(from);
            for (size_t step = 1; step < length; step++) {
                const vec value = load(from + step * texts->stride);
                largest = larger(largest, value);
                total += value;
            }
            largest = is_short ? larger(splat(0.0f), largest) : largest;
            for (int32_t part = 0; part < pool->count; part++) {
                const vec value =
                    pool->of[part] == POOL_MEAN ? total / splat((float)length) : largest;
                store_some(row + part * features + at, value, features - at);
            }
        }
    }
    turn(texts, stage->outputs);
    one_row_each(texts);
}

#endif
