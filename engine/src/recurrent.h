/*
 * Recurrent layers: up to ROWS texts side by side, each in a slot, which takes the next text when
 * its own has ended. No padding, no masks; the two directions are two passes over the texts.
 */
#ifndef EDGERNN_RECURRENT_H
#define EDGERNN_RECURRENT_H

#include "cells.h"
#include "texts.h"

enum { INPUTS_AHEAD = 4 * ROWS }; /* steps whose inputs are computed at once, where no table has them */

#if defined(EDGERNN_SMALL) /* where a library's size counts: one copy of a step, whatever runs */
#define STEP static __attribute__((noinline))
#define PRODUCT_OF_STEP product
#else
#define STEP ALWAYS_INLINE
#define PRODUCT_OF_STEP product_of
#endif

/* A text on its way through a layer. */
typedef struct slot {
    size_t text, length, done;
    float *state, *cell, *reset; /* [width] */
    float *largest, *total;      /* [width], of the pooling */
    float *sums;                 /* [sums] */
    float *inputs;               /* [INPUTS_AHEAD, sums] */
} slot;

static size_t slot_size(const recurrent_plan *plan) {
    return 5 * (size_t)plan->width + (1 + INPUTS_AHEAD) * (size_t)plan->sums;
}

static slot slot_in(const recurrent_plan *plan, float *memory) {
    const size_t width = (size_t)plan->width, sums = (size_t)plan->sums;
    return (slot){
        .state = memory,
        .cell = memory + width,
        .reset = memory + 2 * width,
        .largest = memory + 3 * width,
        .total = memory + 4 * width,
        .sums = memory + 5 * width,
        .inputs = memory + 5 * width + sums,
    };
}

static void begin(const recurrent_plan *plan, slot *slot, const texts *texts, size_t text) {
    slot->text = text;
    slot->length = texts->lengths[text];
    slot->done = 0;
    for (int32_t at = 0; at < plan->width; at += LANES) {
        store(slot->state + at, splat(0));
        store(slot->cell + at, splat(0));
        store(slot->largest + at, splat(-__builtin_inff()));
        store(slot->total + at, splat(0));
    }
}

/* Which of its steps a text is to do after so many. */
ALWAYS_INLINE size_t step_after(const pass *pass, const slot *slot, size_t done) {
    return pass->backward ? slot->length - 1 - done : done;
}

/* Compute what the next steps' inputs add. */
static void look_ahead(const recurrent_plan *plan, const pass *pass, const texts *texts,
                       const slot *slot) {
    const size_t left = slot->length - slot->done;
    const size_t count = left < INPUTS_AHEAD ? left : INPUTS_AHEAD;
    for (size_t at = 0; at < count; at += ROWS) {
        const float *start[ROWS], *in[ROWS];
        float *out[ROWS];
        const int32_t rows = count - at < ROWS ? (int32_t)(count - at) : ROWS;
        for (int32_t row = 0; row < rows; row++) {
            const size_t ahead = at + (size_t)row;
            const size_t step = step_after(pass, slot, slot->done + ahead);
            start[row] = pass->input_bias;
            in[row] = plan->reads_ids
                          ? plan->embedding + (size_t)texts->ids[slot->text][step] * (size_t)plan->layer.inputs
                          : row_of(texts, texts->starts[slot->text] + step);
            out[row] = slot->inputs + ahead * (size_t)plan->sums;
        }
        product(rows, start, in, &pass->input, out);
    }
}

/* What a slot's next input adds to its sums: [sums]. */
ALWAYS_INLINE const float *next_inputs(const recurrent_plan *plan, const pass *pass,
                                       const texts *texts, const slot *slot) {
    if (pass->table == NULL) {
        const size_t ahead = slot->done % INPUTS_AHEAD;
        if (ahead == 0) {
            look_ahead(plan, pass, texts, slot);
        }
        return slot->inputs + ahead * (size_t)plan->sums;
    }
    const int32_t *ids = texts->ids[slot->text];
    const size_t sums = (size_t)plan->sums;
    if (slot->done + 1 < slot->length) {
        const float *next = pass->table + (size_t)ids[step_after(pass, slot, slot->done + 1)] * sums;
        for (size_t at = 0; at < sums; at += 16) {
            __builtin_prefetch(next + at);
        }
    }
    return pass->table + (size_t)ids[step_after(pass, slot, slot->done)] * sums;
}

/* One step of each slot. `running` is a constant where it is inlined: pointers stay in registers. */
STEP void step(const recurrent_plan *plan, const pass *pass, const texts *texts, slot *slots,
               const int32_t running) {
    const recurrent *layer = &plan->layer;
    const size_t width = (size_t)plan->width;
    const float *inputs[ROWS], *states[ROWS];
    float *sums[ROWS];
    for (int32_t at = 0; at < running; at++) {
        inputs[at] = next_inputs(plan, pass, texts, &slots[at]);
        states[at] = slots[at].state;
        sums[at] = slots[at].sums;
    }
    PRODUCT_OF_STEP(running, inputs, states, &pass->state, sums);
    if (layer->cell == CELL_GRU) {
        const float *starts[ROWS], *factors[ROWS];
        float *candidates[ROWS];
        for (int32_t at = 0; at < running; at++) {
            candidates[at] = sums[at] + 2 * width;
            starts[at] = layer->reset_after ? pass->candidate_bias : inputs[at] + 2 * width;
            factors[at] = layer->reset_after ? states[at] : slots[at].reset;
            if (!layer->reset_after) {
                reset_state(layer, plan->usual, width, sums[at], states[at], slots[at].reset);
            }
        }
        PRODUCT_OF_STEP(running, starts, factors, &pass->candidate, candidates);
    }
    for (int32_t at = 0; at < running; at++) {
        slot *slot = &slots[at];
        const float *behind = layer->reset_after ? inputs[at] + 2 * width : NULL;
        switch (layer->cell) {
        case CELL_LSTM:
            if (plan->usual) {
                step_usual_lstm(width, slot->sums, slot->cell, slot->state);
            } else {
                step_lstm(layer, width, slot->sums, slot->cell, slot->state);
            }
            break;
        case CELL_GRU:
            if (plan->usual) {
                step_usual_gru(width, slot->sums, behind, slot->state);
            } else {
                step_gru(layer, width, slot->sums, behind, slot->state);
            }
            break;
        case CELL_SIMPLE_RNN:
            step_simple_rnn(layer, plan->usual, width, slot->sums, slot->state);
            break;
        }
    }
}

/* Write a state where the layers behind find it; a second direction joins the first. */
static void put_state(const recurrent_plan *plan, int32_t number, const float *state, float *row) {
    const int32_t units = plan->layer.units;
    const merge merge = plan->layer.merge;
    if (number == 0 || merge == MERGE_CONCAT) {
        __builtin_memcpy(row + number * units, state, (size_t)units * sizeof(float));
        return;
    }
    for (int32_t unit = 0; unit < units; unit++) {
        switch (merge) {
        case MERGE_SUM: row[unit] += state[unit]; break;
        case MERGE_AVE: row[unit] = (row[unit] + state[unit]) * 0.5f; break;
        case MERGE_MUL: row[unit] *= state[unit]; break;
        case MERGE_CONCAT: break;
        }
    }
}

static void pool_state(const recurrent_plan *plan, const slot *slot) {
    for (int32_t at = 0; at < plan->width; at += LANES) {
        const vec state = load(slot->state + at);
        store(slot->largest + at, larger(load(slot->largest + at), state));
        store(slot->total + at, load(slot->total + at) + state);
    }
}

static void put_pooled(const recurrent_plan *plan, int32_t number, const slot *slot, float *row) {
    const int32_t units = plan->layer.units, features = plan->passes * units;
    const bool is_short = slot->length < (size_t)plan->pool.padded_length;
    for (int32_t part = 0; part < plan->pool.count; part++) {
        float *to = row + part * features + number * units;
        for (int32_t unit = 0; unit < units; unit++) {
            const float largest = slot->largest[unit];
            to[unit] = plan->pool.of[part] == POOL_MEAN ? slot->total[unit] / (float)slot->length
                       : is_short && largest < 0        ? 0
                                                        : largest;
        }
    }
}

/* A direction on its way over the texts. */
typedef struct walk {
    int32_t number; /* of the pass */
    size_t next;    /* text that no slot has taken */
    int32_t running;
    slot slots[ROWS];
} walk;

/* Give free slots texts; returns how many steps all slots can do before one of them ends. */
static size_t fill_slots(const recurrent_plan *plan, const texts *texts, walk *walk) {
    size_t steps = SIZE_MAX;
    while (walk->running < ROWS && walk->next < texts->count) {
        begin(plan, &walk->slots[walk->running++], texts, walk->next++);
    }
    for (int32_t at = 0; at < walk->running; at++) {
        const size_t left = walk->slots[at].length - walk->slots[at].done;
        steps = left < steps ? left : steps;
    }
    return steps;
}

/* Some steps, and what is kept of their states. */
STEP void walk_slots(const recurrent_plan *plan, const texts *texts, size_t stride, walk *walk,
                     const int32_t running, size_t steps) {
    const pass *pass = &plan->pass[walk->number];
    for (; steps > 0; steps--) {
        step(plan, pass, texts, walk->slots, running);
        for (int32_t at = 0; at < running; at++) {
            slot *slot = &walk->slots[at];
            if (plan->pool.count > 0) {
                pool_state(plan, slot);
            } else if (plan->layer.sequences) {
                const size_t row = texts->starts[slot->text] + step_after(pass, slot, slot->done);
                put_state(plan, walk->number, slot->state, texts->other + row * stride);
            }
            slot->done++;
        }
    }
}

static void walk_on(const recurrent_plan *plan, const texts *texts, size_t stride, walk *walk,
                    size_t steps) {
#if defined(EDGERNN_SMALL)
    walk_slots(plan, texts, stride, walk, walk->running, steps);
#else
    switch (walk->running) {
    case 1: walk_slots(plan, texts, stride, walk, 1, steps); break;
    case 2: walk_slots(plan, texts, stride, walk, 2, steps); break;
    case 3: walk_slots(plan, texts, stride, walk, 3, steps); break;
    default: break;
    }
#endif
}

/* Write down what texts that have ended give, and free their slots. */
static void end_texts(const recurrent_plan *plan, const texts *texts, size_t stride, walk *walk) {
    for (int32_t at = walk->running; at-- > 0;) {
        slot *slots = walk->slots;
        if (slots[at].done < slots[at].length) {
            continue;
        }
        float *row = texts->other + slots[at].text * stride;
        if (plan->pool.count > 0) {
            put_pooled(plan, walk->number, &slots[at], row);
        } else if (!plan->layer.sequences) {
            put_state(plan, walk->number, slots[at].state, row);
        }
        const slot ended = slots[at];
        slots[at] = slots[--walk->running];
        slots[walk->running] = ended;
    }
}

/* Some directions over all texts, their steps in turns; what they give goes to `other`. */
static void run_walks(const recurrent_plan *plan, const texts *texts, size_t stride, walk *walks,
                      int32_t count) {
    for (;;) {
        size_t steps = SIZE_MAX;
        for (int32_t at = 0; at < count; at++) {
            const size_t left = fill_slots(plan, texts, &walks[at]);
            steps = left < steps ? left : steps;
        }
        if (steps == SIZE_MAX) {
            return;
        }
        const size_t turns = count == 1 ? 1 : steps;
        for (size_t turn = 0; turn < turns; turn++) {
            for (int32_t at = 0; at < count; at++) {
                walk_on(plan, texts, stride, &walks[at], steps / turns);
            }
        }
        for (int32_t at = 0; at < count; at++) {
            end_texts(plan, texts, stride, &walks[at]);
        }
    }
}

static void run_recurrent(const stage *stage, texts *texts, float *memory) {
    const recurrent_plan *plan = &stage->recurrent;
    const size_t stride = stride_of(stage->outputs);
    walk walks[2];
    for (int32_t number = 0; number < plan->passes; number++) {
        walks[number] = (walk){.number = number};
        for (int32_t at = 0; at < ROWS; at++) {
            walks[number].slots[at] = slot_in(plan, memory);
            memory += slot_size(plan);
        }
    }
    if (plan->layer.merge == MERGE_CONCAT && texts->count < ROWS) {
        /* A step waits for the one before it: meanwhile the processor has the other direction's. */
        run_walks(plan, texts, stride, walks, plan->passes);
    } else {
        /* One after the other: the weights of one stay in the cache nearest to the processor, and
         * a second one may be added to what the first has written. */
        for (int32_t number = 0; number < plan->passes; number++) {
            run_walks(plan, texts, stride, &walks[number], 1);
        }
    }
    turn(texts, stage->outputs);
    if (plan->pool.count > 0 || !plan->layer.sequences) {
        one_row_each(texts);
    }
}

#endif
