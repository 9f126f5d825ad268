/*
 * Scores bunches of texts, stage by stage. Compiled once for each level of instructions, with
 * EDGERNN_LEVEL_NAME the name of what it offers.
 */
#include "level.h"

#include "failure.h"
#include "recurrent.h"

/* Where size counts, what stands above is fast, and what follows is small. */
#if defined(EDGERNN_SMALL)
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)
#endif

#include "prepare.h"
#include "rows.h"
#include "windows.h"

/* A longer text is a bunch of its own. */
enum { ALIGNMENT = 64 };

/* Add to a size, or make it too large to be had. */
static size_t plus(size_t size, size_t count, size_t each) {
    size_t product, sum;
    if (__builtin_mul_overflow(count, each, &product) ||
        __builtin_add_overflow(size, product, &sum)) {
        return SIZE_MAX;
    }
    return sum;
}

/* Floats of one of the two buffers between stages, for bunches of so many tokens. */
static size_t rows_floats(const plan *plan, size_t tokens) {
    const size_t of_texts = BUNCH * stride_of(plan->widest_text);
    const size_t of_steps = plus(0, tokens, stride_of(plan->widest_step));
    return of_steps > of_texts ? of_steps : of_texts;
}

static size_t work_floats(const plan *plan) {
    const size_t each =
        plan->slot_floats > plan->window_floats ? plan->slot_floats : plan->window_floats;
    return (ROWS * each + LANES - 1) / LANES * LANES;
}

static size_t scratch_size(const plan *plan, size_t tokens) {
    size_t floats = plus(work_floats(plan), 2, rows_floats(plan, tokens));
    return plus(ALIGNMENT, floats, sizeof(float));
}

/* Tokens of a bunch that the scratch memory has room for. */
static size_t room_for(const plan *plan, size_t scratch) {
    const size_t each = 2 * stride_of(plan->widest_step) * sizeof(float);
    if (each == 0) {
        return SIZE_MAX;
    }
    const size_t fixed = ALIGNMENT + work_floats(plan) * sizeof(float);
    return scratch < fixed ? 0 : (scratch - fixed) / each;
}

static void run_stage(const stage *stage, texts *texts, float *work) {
    switch (stage->layer.kind) {
    case LAYER_EMBEDDING: run_embedding(stage, texts); break;
    case LAYER_RECURRENT: run_recurrent(stage, texts, work); break;
    case LAYER_DENSE: run_dense(stage, texts); break;
    case LAYER_ACTIVATION:
        run_function(stage->layer.activation.function, stage->layer.activation.slope, texts);
        break;
    case LAYER_SCALE: run_scale(stage, texts); break;
    case LAYER_CONV: run_conv(stage, texts, work); break;
    case LAYER_MAX_POOL: run_max_pool(stage, texts); break;
    case LAYER_POOL: run_pool(stage, texts); break;
    }
}

/* Probabilities of logits, in place: [stride_of(outputs)]. */
static void apply_head(const plan *plan, float *logits) {
    if (plan->head == HEAD_SIGMOID) {
        for (int32_t at = 0; at < plan->outputs; at += LANES) {
            store(logits + at, sigmoid_of(load(logits + at)));
        }
        return;
    }
    float largest = logits[0], total = 0;
    for (int32_t at = 1; at < plan->outputs; at++) {
        largest = logits[at] > largest ? logits[at] : largest;
    }
    for (int32_t at = 0; at < plan->outputs; at += LANES) {
        store(logits + at, exponential(load(logits + at) - splat(largest)));
    }
    for (int32_t at = 0; at < plan->outputs; at++) {
        total += logits[at];
    }
    for (int32_t at = 0; at < plan->outputs; at++) {
        logits[at] /= total;
    }
}

/* Score the texts of a bunch; each one's probabilities go to its place in `to`. */
static void score_bunch(const plan *plan, texts *texts, const size_t *places, float *work,
                        float *probabilities) {
    size_t tokens[BUNCH];
    __builtin_memcpy(tokens, texts->lengths, sizeof tokens);
    count_rows(texts);
    for (int32_t at = 0; at < plan->count; at++) {
        run_stage(&plan->stages[at], texts, work);
    }
    const size_t outputs = (size_t)plan->outputs;
    for (size_t text = 0; text < texts->count; text++) {
        float *logits = row_of(texts, text);
        if (plan->ngrams.ngrams.longest > 0) {
            add_ngrams(&plan->ngrams, texts->ids[text], tokens[text], plan->outputs, logits);
        }
        apply_head(plan, logits);
        __builtin_memcpy(probabilities + places[text] * outputs, logits, outputs * sizeof(float));
    }
}

/* Longest texts first, so that slots end at about the same time. */
static void insert(texts *texts, size_t *places, const int32_t *ids, size_t length, size_t place) {
    size_t at = texts->count++;
    for (; at > 0 && texts->lengths[at - 1] < length; at--) {
        texts->ids[at] = texts->ids[at - 1];
        texts->lengths[at] = texts->lengths[at - 1];
        places[at] = places[at - 1];
    }
    texts->ids[at] = ids;
    texts->lengths[at] = length;
    places[at] = place;
}

static edgernn_status score(const plan *plan, const int32_t *ids, const int64_t *offsets,
                            size_t count, float *probabilities, void *scratch,
                            size_t scratch_size_) {
    const size_t room = room_for(plan, scratch_size_);
    float *memory = (float *)(((uintptr_t)scratch + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    float *work = memory, *rows = memory + work_floats(plan);
    size_t longest = 0;
    for (size_t text = 0; text < count; text++) {
        const size_t length = (size_t)(offsets[text + 1] - offsets[text]);
        longest = length > longest ? length : longest;
    }
    if (scratch_size_ < scratch_size(plan, longest)) {
        return EDGERNN_BAD_CALL;
    }
    for (size_t next = 0; next < count;) {
        texts texts = {.rows = rows, .other = rows + rows_floats(plan, room == SIZE_MAX ? 0 : room)};
        size_t places[BUNCH], tokens = 0;
        for (; next < count && texts.count < BUNCH; next++) {
            const size_t length = (size_t)(offsets[next + 1] - offsets[next]);
            if (texts.count > 0 && length > room - tokens) {
                break;
            }
            tokens += length;
            insert(&texts, places, ids + offsets[next], length, next);
        }
        score_bunch(plan, &texts, places, work, probabilities);
    }
    return EDGERNN_OK;
}

static size_t shortest(const plan *plan) { return plan->shortest; }

static edgernn_status prepare_plan(const network *network, arena *arena, plan **made,
                                   edgernn_error *error) {
    *made = arena_take(arena, 1, sizeof(plan));
    return *made == NULL ? failed(error, EDGERNN_NO_MEMORY, "no memory for the network's layers")
                         : prepare(network, arena, *made, error);
}

const level EDGERNN_LEVEL_NAME = {
    .prepare = prepare_plan,
    .shortest = shortest,
    .scratch_size = scratch_size,
    .score = score,
};

#if defined(EDGERNN_SMALL)
#pragma clang attribute pop
#endif
