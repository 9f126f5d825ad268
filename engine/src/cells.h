/*
 * What a step of a recurrent layer does with the sums of its gates.
 *
 * A cell of the usual functions, tanh and sigmoid, takes its sums times -log2(e), those of a tanh
 * times -2 log2(e): the factors are in its weights. With p = 2^sum, sigmoid = 1 / (1 + p) and
 * tanh = (1 - p) / (1 + p), and what a step gives is one fraction, or two: division is the slowest
 * part of it. GATE_LIMIT keeps products of three (1 + p) within float32.
 * Gates in Keras's order, each `width` floats long.
 */
#ifndef EDGERNN_CELLS_H
#define EDGERNN_CELLS_H

#include "functions.h"

#define SIGMOID_FACTOR (-LOG2_E)
#define TANH_FACTOR (-2 * LOG2_E)

ALWAYS_INLINE vec gate_power(const float *sum) { return power_of_two(load(sum), GATE_LIMIT); }

/* c' = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c') */
static void step_usual_lstm(size_t width, const float *sums, float *cell, float *state) {
    const vec one = splat(1.0f);
    for (size_t at = 0; at < width; at += LANES) {
        const vec input = one + gate_power(sums + at);
        const vec forget = one + gate_power(sums + width + at);
        const vec candidate = gate_power(sums + 2 * width + at);
        const vec output = one + gate_power(sums + 3 * width + at);
        const vec both = input * (one + candidate);
        const vec kept =
            quotient(load(cell + at) * both + (one - candidate) * forget, both * forget);
        store(cell + at, kept);
        const vec power = power_of_two(kept * splat(TANH_FACTOR), GATE_LIMIT);
        store(state + at, quotient(one - power, output * (one + power)));
    }
}

static void step_lstm(const recurrent *layer, size_t width, float *sums, float *cell, float *state) {
    float *forget = sums + width, *candidate = sums + 2 * width, *output = sums + 3 * width;
    apply(layer->gates, 0, sums, 2 * width);
    apply(layer->activation, 0, candidate, width);
    apply(layer->gates, 0, output, width);
    for (size_t at = 0; at < width; at += LANES) {
        const vec fresh = load(sums + at) * load(candidate + at);
        store(cell + at, load(forget + at) * load(cell + at) + fresh);
        store(state + at, load(cell + at));
    }
    apply(layer->activation, 0, state, width);
    for (size_t at = 0; at < width; at += LANES) {
        store(state + at, load(output + at) * load(state + at));
    }
}

/* For a candidate that the reset gate acts on before the product: the state times the gate. */
static void reset_state(const recurrent *layer, bool usual, size_t width, float *sums,
                        const float *state, float *reset) {
    const vec one = splat(1.0f);
    if (!usual) {
        apply(layer->gates, 0, sums + width, width);
    }
    for (size_t at = 0; at < width; at += LANES) {
        const float *sum = sums + width + at;
        const vec gate = usual ? quotient(one, one + gate_power(sum)) : load(sum);
        store(reset + at, gate * load(state + at));
    }
}

/*
 * h' = sigmoid(z) h + (1 - sigmoid(z)) tanh(c). `inputs` is what the step's input adds to the
 * candidate where the reset gate acts behind the product, else NULL: `sums` has it already.
 */
static void step_usual_gru(size_t width, const float *sums, const float *inputs, float *state) {
    const vec one = splat(1.0f);
    for (size_t at = 0; at < width; at += LANES) {
        const vec update = gate_power(sums + at);
        vec sum = load(sums + 2 * width + at);
        if (inputs != NULL) {
            sum = load(inputs + at) + quotient(sum, one + gate_power(sums + width + at));
        }
        const vec candidate = power_of_two(sum, GATE_LIMIT);
        const vec both = one + candidate;
        const vec fresh = update * (one - candidate);
        store(state + at, quotient(load(state + at) * both + fresh, (one + update) * both));
    }
}

static void step_gru(const recurrent *layer, size_t width, float *sums, const float *inputs,
                     float *state) {
    float *reset = sums + width, *candidate = sums + 2 * width;
    apply(layer->gates, 0, sums, width);
    if (inputs != NULL) {
        apply(layer->gates, 0, reset, width);
        for (size_t at = 0; at < width; at += LANES) {
            store(candidate + at, load(inputs + at) + load(candidate + at) * load(reset + at));
        }
    }
    apply(layer->activation, 0, candidate, width);
    for (size_t at = 0; at < width; at += LANES) {
        const vec update = load(sums + at);
        const vec fresh = (splat(1.0f) - update) * load(candidate + at);
        store(state + at, update * load(state + at) + fresh);
    }
}

static void step_simple_rnn(const recurrent *layer, bool usual, size_t width, const float *sums,
                            float *state) {
    const vec one = splat(1.0f);
    for (size_t at = 0; at < width; at += LANES) {
        const vec power = usual ? gate_power(sums + at) : one;
        store(state + at, usual ? quotient(one - power, one + power) : load(sums + at));
    }
    if (!usual) {
        apply(layer->activation, 0, state, width);
    }
}

#endif
