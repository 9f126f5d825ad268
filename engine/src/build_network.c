/*
 * From the states of a graph to the network's layers, with their weights decoded.
 */
#include "state.h"

static const int32_t GATES[] = {[CELL_LSTM] = 4, [CELL_GRU] = 3, [CELL_SIMPLE_RNN] = 1};

/* All numbers of a stored tensor. */
static const float *kept_values(reading *reading, stored *stored) {
    float *values = weights_of(reading, stored->count);
    const view all = {stored, 0, {1, 1, stored->count}, {0, 0, 1}};
    return values != NULL && copy_view(reading, &all, values, stored->count) ? values : NULL;
}

static float *kept_view(reading *reading, const view *view) {
    float *values = weights_of(reading, view->count[0] * view->count[1] * view->count[2]);
    return values != NULL && copy_view(reading, view, values, view->count[2]) ? values : NULL;
}

/* The gates' views [1, rows, units] side by side: [rows, gates * units]. Of nothing: zeros. */
static float *kept_gates(reading *reading, const view *views, int32_t gates, size_t rows,
                         size_t units) {
    const size_t row = units * (size_t)gates;
    float *values = weights_of(reading, rows * row);
    for (int32_t gate = 0; values != NULL && gate < gates; gate++) {
        if (views[gate].of != NULL &&
            !copy_view(reading, &views[gate], values + units * (size_t)gate, row)) {
            return NULL;
        }
    }
    return values;
}

static bool build_direction(reading *reading, const recurrent *layer, const gate_views *views,
                            direction *direction) {
    const int32_t gates = GATES[layer->cell];
    const size_t units = (size_t)layer->units;
    float *bias = kept_gates(reading, views->bias, gates, 1, units);
    float *more = kept_gates(reading, views->more_bias, gates, 1, units);
    direction->kernel = kept_gates(reading, views->kernel, gates, (size_t)layer->inputs, units);
    direction->recurrent_kernel = kept_gates(reading, views->recurrent_kernel, gates, units, units);
    direction->bias = bias;
    if (direction->kernel == NULL || direction->recurrent_kernel == NULL || bias == NULL ||
        more == NULL) {
        return false;
    }
    if (layer->cell == CELL_GRU && layer->reset_after) {
        direction->recurrent_bias = more;
        return true;
    }
    for (size_t i = 0; i < (size_t)gates * units; i++) {
        bias[i] += more[i];
    }
    return true;
}

/* Weights without a factor that a converter put into them. */
static const float *kept_kernel(reading *reading, const state *state) {
    float *kernel = kept_view(reading, &state->kernel);
    const size_t *count = state->kernel.count;
    for (size_t i = 0; kernel != NULL && state->divisor != 0 && i < count[1] * count[2]; i++) {
        kernel[i] /= state->divisor;
    }
    return kernel;
}

/* Give a layer its weights. */
static bool build_layer(reading *reading, const state *state, layer *layer) {
    *layer = state->layer;
    switch (state->made) {
    case MADE_EMBEDDING:
        layer->embedding.table = kept_values(reading, state->first);
        return layer->embedding.table != NULL;
    case MADE_DENSE:
    case MADE_PRODUCT:
        layer->dense.kernel = kept_kernel(reading, state);
        layer->dense.bias = state->made == MADE_DENSE
                                ? kept_values(reading, state->second)
                                : weights_of(reading, (size_t)layer->dense.units);
        return layer->dense.kernel != NULL && layer->dense.bias != NULL;
    case MADE_CONV:
        layer->conv.kernel = kept_view(reading, &state->kernel);
        layer->conv.bias = kept_values(reading, state->second);
        return layer->conv.kernel != NULL && layer->conv.bias != NULL;
    case MADE_SCALE:
        layer->scale.scale = kept_values(reading, state->first);
        layer->scale.shift = kept_values(reading, state->second);
        return layer->scale.scale != NULL && layer->scale.shift != NULL;
    case MADE_RECURRENT:
        if (state->gates[0] == NULL) {
            return unsupported(reading, "a recurrent layer that runs backwards alone");
        }
        return build_direction(reading, &layer->recurrent, state->gates[0],
                               &layer->recurrent.forward) &&
               (state->gates[1] == NULL ||
                build_direction(reading, &layer->recurrent, state->gates[1],
                                &layer->recurrent.backward));
    case MADE_ACTIVATION:
    case MADE_MAX_POOL:
    case MADE_POOL: return true;
    default: return unsupported(reading, "operators that no export has between two layers");
    }
}

static bool is_dense(const state *state) {
    return state->made == MADE_DENSE || state->made == MADE_PRODUCT;
}

/* Whether a function can be that of the dense layer before it. */
static bool goes_into(const state *state, const struct state *before) {
    return before != NULL && state->made == MADE_ACTIVATION && is_dense(before) &&
           state->layer.activation.function != LEAKY_RELU;
}

static bool build_ngrams(reading *reading, const state *state, ngrams *ngrams) {
    *ngrams = *state->ngrams;
    ngrams->table = kept_values(reading, state->first);
    const size_t buckets = state->second->count;
    int8_t *checks = arena_take(reading->kept, buckets, sizeof *checks);
    if (ngrams->table == NULL || checks == NULL) {
        return refuse(reading, EDGERNN_NO_MEMORY, "no memory for the weights", (text){0}, "");
    }
    __builtin_memcpy(checks, state->second->data, buckets);
    ngrams->check_table = checks;
    ngrams->units = 1;
    if (state->kernel.of != NULL) {
        ngrams->units = state->first->dims[1];
        ngrams->kernel = kept_view(reading, &state->kernel);
        return ngrams->kernel != NULL;
    }
    return true;
}

bool build_network(reading *reading, const state *probabilities, network *network) {
    const state *state = probabilities;
    *network = (struct network){0};
    if (state->made == MADE_SOFTMAX) {
        network->head = HEAD_SOFTMAX;
    } else if (state->made != MADE_ACTIVATION || state->layer.activation.function != SIGMOID) {
        return unsupported(reading, "an output that is neither a sigmoid's nor a softmax's");
    }
    state = state->of;
    if (state->made == MADE_NGRAMS) {
        if (!build_ngrams(reading, state, &network->ngrams)) {
            return false;
        }
        state = state->of;
    }
    if (!is_dense(state) || state->rank > 2 || (state->rank == 1 && state->features != 1)) {
        return unsupported(reading, "logits that no dense layer gives");
    }
    network->outputs = state->features;
    int32_t count = 0;
    for (const struct state *one = state; one != NULL; one = one->of) {
        if (goes_into(one, one->of)) {
            one = one->of;
        }
        if (++count > MAX_LAYERS) {
            return unsupported(reading, "more than 64 layers");
        }
    }
    network->count = count;
    for (const struct state *one = state; one != NULL; one = one->of) {
        function function = LINEAR;
        if (goes_into(one, one->of)) {
            function = one->layer.activation.function;
            one = one->of;
        }
        layer *layer = &network->layers[--count];
        if (!build_layer(reading, one, layer)) {
            return false;
        }
        if (is_dense(one)) {
            layer->dense.activation = function;
        }
        if ((one->made == MADE_EMBEDDING) != (count == 0)) {
            return unsupported(reading, "an embedding between two layers");
        }
    }
    return true;
}
