/*
 * From a network to a plan: check that its layers fit together, pack their weights.
 */
#ifndef EDGERNN_PREPARE_H
#define EDGERNN_PREPARE_H

#include "cells.h"
#include "failure.h"
#include "recurrent.h"
#include "windows.h"

/* Above it, the products of the embedding with a recurrent layer's kernel are no table. */
#define LARGEST_TABLE ((size_t)64 << 20)

/* Sizes above it are not needed by any network, and their products fit into int64. */
enum { LARGEST_SIZE = 1 << 24 };

typedef struct preparation {
    const network *network;
    arena *arena;
    plan *plan;
    edgernn_error *error;
} preparation;

static bool sound(int32_t size) { return size >= 1 && size <= LARGEST_SIZE; }

static edgernn_status misfit(const preparation *here) {
    return failed(here->error, EDGERNN_UNSUPPORTED, "the network's layers do not fit together");
}

static edgernn_status no_memory(const preparation *here) {
    return failed(here->error, EDGERNN_NO_MEMORY, "no memory for the network's weights");
}

static float *copy(const preparation *here, const float *from, size_t count, size_t room) {
    float *to = arena_take(here->arena, room, sizeof(float));
    if (to != NULL) {
        __builtin_memcpy(to, from, count * sizeof(float));
    }
    return to;
}

static edgernn_status prepare_product(const preparation *here, const float *kernel,
                                      const float *bias, int32_t depth, int32_t units,
                                      product_plan *plan) {
    const float one = 1;
    if (!pack(here->arena, &plan->matrix, kernel, depth, units, 0, 1, units, &one)) {
        return no_memory(here);
    }
    plan->bias = pack_row(here->arena, bias, 0, 1, units, &one);
    return plan->bias == NULL ? no_memory(here) : EDGERNN_OK;
}

/* The table of what each id's embedding adds to a layer's sums. */
static const float *table_of(const preparation *here, const embedding *embedding, const pass *pass,
                             size_t sums) {
    float *table = arena_take(here->arena, (size_t)embedding->ids * sums, sizeof(float));
    for (int32_t id = 0; table != NULL && id < embedding->ids; id += ROWS) {
        const float *start[ROWS], *in[ROWS];
        float *out[ROWS];
        const int32_t left = embedding->ids - id, count = left < ROWS ? left : ROWS;
        for (int32_t row = 0; row < count; row++) {
            start[row] = pass->input_bias;
            in[row] = embedding->table + (size_t)(id + row) * (size_t)embedding->units;
            out[row] = table + (size_t)(id + row) * sums;
        }
        product(count, start, in, &pass->input, out);
    }
    return table;
}

static edgernn_status prepare_pass(const preparation *here, const recurrent_plan *plan,
                                   const direction *from, const embedding *table, pass *pass) {
    static const float usual[][4] = {
        [CELL_LSTM] = {SIGMOID_FACTOR, SIGMOID_FACTOR, TANH_FACTOR, SIGMOID_FACTOR},
        [CELL_GRU] = {SIGMOID_FACTOR, SIGMOID_FACTOR, TANH_FACTOR},
        [CELL_SIMPLE_RNN] = {TANH_FACTOR},
    };
    static const float ones[4] = {1, 1, 1, 1};
    static const int32_t gates_of[] = {[CELL_LSTM] = 4, [CELL_GRU] = 3, [CELL_SIMPLE_RNN] = 1};
    const recurrent *layer = &plan->layer;
    const float *factors = plan->usual ? usual[layer->cell] : ones;
    const int32_t units = layer->units, gates = gates_of[layer->cell], all = gates * units;
    arena *arena = here->arena;
    /* A GRU's candidate has a product of its own. */
    const int32_t together = layer->cell == CELL_GRU ? 2 : gates;
    float *bias = pack_row(arena, from->bias, 0, gates, units, factors);
    if (bias == NULL ||
        !pack(arena, &pass->input, from->kernel, layer->inputs, all, 0, gates, units, factors) ||
        !pack(arena, &pass->state, from->recurrent_kernel, units, all, 0, together, units, factors)) {
        return no_memory(here);
    }
    if (layer->cell == CELL_GRU &&
        !pack(arena, &pass->candidate, from->recurrent_kernel, units, all, 2, 1, units, factors + 2)) {
        return no_memory(here);
    }
    if (layer->reset_after) {
        const float *more = pack_row(arena, from->recurrent_bias, 0, gates, units, factors);
        if (more == NULL) {
            return no_memory(here);
        }
        for (int32_t at = 0; at < 2 * plan->width; at++) {
            bias[at] += more[at];
        }
        pass->candidate_bias = more + 2 * plan->width;
    }
    pass->input_bias = bias;
    if (table != NULL) {
        pass->table = table_of(here, table, pass, (size_t)plan->sums);
        return pass->table == NULL ? no_memory(here) : EDGERNN_OK;
    }
    return EDGERNN_OK;
}

/* `embedding`: what stands right before the layer, or NULL. */
static edgernn_status prepare_recurrent(const preparation *here, const recurrent *layer,
                                        const embedding *embedding, recurrent_plan *plan) {
    const bool fits = layer->activation == TANH || layer->activation == RELU ||
                      layer->activation == SIGMOID;
    if (!fits || (layer->gates != SIGMOID && layer->gates != HARD_SIGMOID) ||
        (unsigned)layer->cell > CELL_SIMPLE_RNN || (unsigned)layer->merge > MERGE_MUL ||
        (layer->reset_after && layer->cell != CELL_GRU)) {
        return failed(here->error, EDGERNN_UNSUPPORTED, "an unknown kind of recurrent layer");
    }
    plan->layer = *layer;
    plan->usual = layer->activation == TANH &&
                  (layer->gates == SIGMOID || layer->cell == CELL_SIMPLE_RNN);
    plan->reads_ids = embedding != NULL;
    plan->width = vectors_for(layer->units) * LANES;
    plan->sums = plan->width * (layer->cell == CELL_LSTM ? 4 : layer->cell == CELL_GRU ? 3 : 1);
    plan->passes = layer->has_forward + layer->has_backward;
    const struct embedding *table = embedding;
    if (embedding != NULL) {
        const size_t each = (size_t)plan->sums * (size_t)plan->passes * sizeof(float);
        if ((size_t)embedding->ids > LARGEST_TABLE / each) {
            const size_t count = (size_t)embedding->ids * (size_t)embedding->units;
            plan->embedding = copy(here, embedding->table, count, count);
            table = NULL;
            if (plan->embedding == NULL) {
                return no_memory(here);
            }
        }
    }
    int32_t number = 0;
    for (int32_t backward = 0; backward < 2; backward++) {
        if (backward ? layer->has_backward : layer->has_forward) {
            const direction *from = backward ? &layer->backward : &layer->forward;
            pass *pass = &plan->pass[number++];
            pass->backward = backward;
            const edgernn_status status = prepare_pass(here, plan, from, table, pass);
            if (status != EDGERNN_OK) {
                return status;
            }
        }
    }
    return EDGERNN_OK;
}

/* What a layer makes of so many features; 0 if it does not take them. */
static int32_t outputs_of(const layer *layer, int32_t inputs) {
    const recurrent *recurrent = &layer->recurrent;
    const conv *conv = &layer->conv;
    const max_pool *max_pool = &layer->max_pool;
    const pool *pool = &layer->pool;
    int32_t directions;
    bool fits;
    switch (layer->kind) {
    case LAYER_RECURRENT:
        directions = recurrent->has_forward + recurrent->has_backward;
        fits = recurrent->inputs == inputs && sound(recurrent->units) && directions > 0;
        return !fits ? 0 : recurrent->units * (recurrent->merge == MERGE_CONCAT ? directions : 1);
    case LAYER_DENSE:
        return layer->dense.inputs == inputs && sound(layer->dense.units) ? layer->dense.units : 0;
    case LAYER_ACTIVATION: return inputs;
    case LAYER_SCALE: return layer->scale.features == inputs ? inputs : 0;
    case LAYER_CONV:
        fits = conv->inputs == inputs && sound(conv->filters) && sound(conv->width) &&
               sound(conv->stride) && sound(conv->dilation) &&
               (int64_t)conv->width * conv->inputs <= LARGEST_SIZE &&
               (unsigned)conv->padding <= PAD_CAUSAL &&
               (conv->padding == PAD_VALID || conv->stride == 1);
        return fits ? conv->filters : 0;
    case LAYER_MAX_POOL:
        fits = sound(max_pool->size) && sound(max_pool->stride) &&
               (max_pool->padding == PAD_VALID || max_pool->padding == PAD_SAME);
        return fits ? inputs : 0;
    case LAYER_POOL:
        fits = (pool->count == 1 || pool->count == 2) && pool->padded_length >= 0;
        return fits ? inputs * pool->count : 0;
    case LAYER_EMBEDDING: break;
    }
    return 0;
}

static bool knows(function function) { return (unsigned)function <= HARD_SIGMOID; }

static edgernn_status prepare_stage(const preparation *here, const layer *layer,
                                    const embedding *embedding, stage *stage) {
    switch (layer->kind) {
    case LAYER_RECURRENT:
        return prepare_recurrent(here, &layer->recurrent, embedding, &stage->recurrent);
    case LAYER_DENSE:
        if (!knows(layer->dense.activation)) {
            return misfit(here);
        }
        return prepare_product(here, layer->dense.kernel, layer->dense.bias, stage->inputs,
                               stage->outputs, &stage->product);
    case LAYER_CONV:
        return prepare_product(here, layer->conv.kernel, layer->conv.bias,
                               layer->conv.width * stage->inputs, stage->outputs, &stage->product);
    case LAYER_SCALE: {
        const size_t count = (size_t)stage->inputs, room = stride_of(stage->inputs);
        stage->scale = copy(here, layer->scale.scale, count, room);
        stage->shift = copy(here, layer->scale.shift, count, room);
        return stage->scale == NULL || stage->shift == NULL ? no_memory(here) : EDGERNN_OK;
    }
    case LAYER_EMBEDDING: {
        const size_t count = (size_t)embedding->ids * (size_t)embedding->units;
        stage->table = copy(here, embedding->table, count, count);
        return stage->table == NULL ? no_memory(here) : EDGERNN_OK;
    }
    case LAYER_ACTIVATION: return knows(layer->activation.function) ? EDGERNN_OK : misfit(here);
    case LAYER_MAX_POOL:
    case LAYER_POOL: break;
    }
    return EDGERNN_OK;
}

/* Whether a text has one row behind a layer, not one a step. */
static bool ends_steps(const layer *layer) {
    return layer->kind == LAYER_POOL ||
           (layer->kind == LAYER_RECURRENT && !layer->recurrent.sequences);
}

static bool needs_steps(const layer *layer) {
    return ends_steps(layer) || layer->kind == LAYER_RECURRENT || layer->kind == LAYER_CONV ||
           layer->kind == LAYER_MAX_POOL;
}

static int32_t at_least(int32_t least, int32_t number) { return number > least ? number : least; }

/* What a stage takes of the scratch memory. */
static void count_memory(plan *plan, const stage *stage, bool has_steps) {
    const int32_t widest = at_least(stage->inputs, stage->outputs);
    if (has_steps) {
        plan->widest_step = at_least(plan->widest_step, widest);
    } else {
        plan->widest_text = at_least(plan->widest_text, widest);
    }
    if (stage->layer.kind == LAYER_RECURRENT) {
        const size_t size = (size_t)stage->recurrent.passes * slot_size(&stage->recurrent);
        plan->slot_floats = size > plan->slot_floats ? size : plan->slot_floats;
    } else if (stage->layer.kind == LAYER_CONV) {
        const size_t size = (size_t)stage->layer.conv.width * (size_t)stage->inputs;
        plan->window_floats = size > plan->window_floats ? size : plan->window_floats;
    }
}

/* How many steps a layer must read to give so many. */
static int64_t steps_for(const layer *layer, int64_t steps) {
    int64_t stride, reach;
    if (layer->kind == LAYER_CONV && layer->conv.padding == PAD_VALID) {
        stride = layer->conv.stride;
        reach = reach_of(&layer->conv);
    } else if (layer->kind == LAYER_MAX_POOL) {
        stride = layer->max_pool.stride;
        reach = layer->max_pool.padding == PAD_VALID ? layer->max_pool.size - 1 : 0;
    } else {
        return steps;
    }
    /* More than this no text has. */
    const int64_t most = (int64_t)1 << 36;
    return steps > most / stride ? most : (steps - 1) * stride + reach + 1;
}

/* The pooling behind a layer, if the layer can do it as it runs, else NULL. */
static const pool *pool_behind(const network *network, int32_t at) {
    const layer *layer = &network->layers[at];
    const bool has_pool =
        at + 1 < network->count && network->layers[at + 1].kind == LAYER_POOL;
    if (!has_pool || layer->kind != LAYER_RECURRENT || !layer->recurrent.sequences) {
        return NULL;
    }
    const bool both = layer->recurrent.has_forward && layer->recurrent.has_backward;
    return both && layer->recurrent.merge != MERGE_CONCAT ? NULL : &network->layers[at + 1].pool;
}

static edgernn_status prepare(const network *network, arena *arena, plan *plan,
                              edgernn_error *error) {
    const preparation here = {network, arena, plan, error};
    const embedding *embedding = &network->layers[0].embedding;
    if (network->count < 2 || network->count > MAX_LAYERS ||
        network->layers[0].kind != LAYER_EMBEDDING ||
        network->layers[network->count - 1].kind != LAYER_DENSE || !sound(embedding->ids) ||
        !sound(embedding->units)) {
        return misfit(&here);
    }
    plan->ids = embedding->ids;
    plan->outputs = network->outputs;
    plan->head = network->head;
    int32_t features = embedding->units;
    bool has_steps = true;
    const bool reads_ids = network->layers[1].kind == LAYER_RECURRENT;
    for (int32_t at = reads_ids ? 1 : 0; at < network->count; at++) {
        const layer *layer = &network->layers[at];
        stage *stage = &plan->stages[plan->count++];
        stage->layer = *layer;
        stage->inputs = features;
        stage->outputs = at == 0 ? features : outputs_of(layer, features);
        if (!sound(stage->outputs) || (needs_steps(layer) && !has_steps)) {
            return misfit(&here);
        }
        const edgernn_status status = prepare_stage(&here, layer, at < 2 ? embedding : NULL, stage);
        if (status != EDGERNN_OK) {
            return status;
        }
        const pool *pool = pool_behind(network, at);
        if (pool != NULL) {
            stage->outputs = outputs_of(&network->layers[++at], stage->outputs);
            if (!sound(stage->outputs)) {
                return misfit(&here);
            }
            stage->recurrent.pool = *pool;
        }
        const bool ends = ends_steps(&network->layers[at]);
        /* No steps are written down where ids are read and the last state or a pooling is left. */
        const bool from_ids_to_texts = reads_ids && plan->count == 1 && ends;
        count_memory(plan, stage, has_steps && !from_ids_to_texts);
        has_steps = has_steps && !ends;
        if (!has_steps) {
            plan->widest_text = at_least(plan->widest_text, stage->outputs);
        }
        features = stage->outputs;
    }
    int64_t steps = 1;
    for (int32_t at = network->count; at-- > 0;) {
        steps = steps_for(&network->layers[at], steps);
    }
    plan->shortest = (size_t)steps;
    if (has_steps || features != network->outputs || (unsigned)network->head > HEAD_SOFTMAX) {
        return misfit(&here);
    }
    return prepare_ngrams(&network->ngrams, plan->ids, plan->outputs, arena, &plan->ngrams,
                          error);
}

#endif
