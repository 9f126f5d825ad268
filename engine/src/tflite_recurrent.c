/*
 * Fused recurrent operators in a TFLite graph: LSTM and SimpleRNN, one operator a direction.
 *
 * Source: TFLite's unidirectional_sequence_lstm.cc and unidirectional_sequence_rnn.cc
 */
#include "tflite_match.h"

/* Inputs of the LSTM operator: steps, kernels and recurrent kernels of the four gates in Keras's
 * order, peepholes, biases, a projection, states, normalizations. Of the RNN operator: the first. */
enum { LSTM_INPUTS = 24, LSTM_KERNELS = 1, LSTM_RECURRENT = 5, LSTM_BIASES = 12, LSTM_STATES = 18 };
enum { RNN_INPUTS = 5, RNN_STATE = 4 };

/* Whether a tensor is float32 weights of [rows, columns], or of [rows] where columns is 0. */
static bool is_weight(const value *value, int32_t rows, int32_t columns) {
    if (value->kind != CONSTANT || !value->constant->is_decoded) {
        return false;
    }
    const stored *stored = value->constant;
    return columns == 0
               ? stored->rank == 1 && stored->dims[0] == rows
               : stored->rank == 2 && stored->dims[0] == rows && stored->dims[1] == columns;
}

/* [units, inputs] as [inputs, units]. */
static view turned(stored *stored) {
    const size_t units = (size_t)stored->dims[0], inputs = (size_t)stored->dims[1];
    return (view){stored, 0, {1, inputs, units}, {0, 1, inputs}};
}

static bool add_gate(gate_views *views, size_t gate, const value *kernel, const value *recurrent,
                     const value *bias, int32_t units, int32_t inputs) {
    if (!is_weight(kernel, units, inputs) || !is_weight(recurrent, units, units) ||
        !is_weight(bias, units, 0)) {
        return false;
    }
    views->kernel[gate] = turned(kernel->constant);
    views->recurrent_kernel[gate] = turned(recurrent->constant);
    views->bias[gate] = (view){bias->constant, 0, {1, 1, (size_t)units}, {0, 0, 1}};
    return true;
}

/* Whether only those inputs are left out that an export leaves out, and states kept. */
static bool has_lstm_inputs(const operation *operation) {
    if (operation->operator->input_count != LSTM_INPUTS) {
        return false;
    }
    for (size_t i = LSTM_KERNELS; i < LSTM_INPUTS; i++) {
        const bool is_state = i == LSTM_STATES || i == LSTM_STATES + 1;
        const bool is_weight = i < LSTM_RECURRENT + 4 || (i >= LSTM_BIASES && i < LSTM_BIASES + 4);
        const kind kind = is_state ? VARIABLE : is_weight ? CONSTANT : NOTHING;
        if (operation->inputs[i]->kind != kind) {
            return false;
        }
    }
    return true;
}

/* Options: activation, bounds of the cell's state and the output, time first, how activations are
 * quantized, recurrent weights on a diagonal. */
static bool has_lstm_options(reading *reading, const operation *operation) {
    const table *options = &operation->operator->options;
    return has_options(reading, operation, OPTIONS_UNIDIRECTIONAL_SEQUENCE_LSTM, 6) &&
           option(reading, operation, 0, 1) == FUSED_TANH &&
           field_float(reading, options, 1) == 0 && field_float(reading, options, 2) == 0 &&
           option(reading, operation, 3, 1) == 0 && option(reading, operation, 5, 1) == 0;
}

static bool has_rnn_options(reading *reading, const operation *operation) {
    return has_options(reading, operation, OPTIONS_SEQUENCE_RNN, 3) &&
           option(reading, operation, 0, 1) == 0 && option(reading, operation, 1, 1) == FUSED_TANH;
}

state *recurrent_state(reading *reading, const state *before, cell cell, int32_t units,
                       const gate_views *views) {
    state *state = after(reading, before, MADE_RECURRENT);
    if (state == NULL) {
        return NULL;
    }
    state->features = units;
    state->is_reversed = before->is_reversed;
    state->gates[before->is_reversed] = views;
    state->layer.kind = LAYER_RECURRENT;
    state->layer.recurrent = (recurrent){
        .cell = cell,
        .inputs = before->features,
        .units = units,
        .sequences = true,
        .has_forward = !before->is_reversed,
        .has_backward = before->is_reversed,
        .activation = TANH,
        .gates = SIGMOID,
    };
    return state;
}

bool match_tflite_recurrent(reading *reading, operation *operation) {
    const bool is_lstm = is(operation, OP_UNIDIRECTIONAL_SEQUENCE_LSTM) &&
                         has_lstm_inputs(operation) && has_lstm_options(reading, operation);
    const bool is_rnn = is(operation, OP_UNIDIRECTIONAL_SEQUENCE_RNN) &&
                        operation->operator->input_count == RNN_INPUTS &&
                        operation->inputs[RNN_STATE]->kind == VARIABLE &&
                        has_rnn_options(reading, operation);
    if ((!is_lstm && !is_rnn) || operation->inputs[0]->kind != STATE ||
        operation->inputs[1]->kind != CONSTANT) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    gate_views *views = scratch(reading, 1, sizeof *views);
    if (views == NULL || !has_axes(before, 3, STEPS_OF_TEXTS)) {
        return false;
    }
    const int32_t units = operation->inputs[1]->constant->dims[0];
    const value *const *inputs = operation->inputs;
    for (size_t gate = 0; gate < (is_lstm ? 4 : 1); gate++) {
        const size_t recurrent = is_lstm ? LSTM_RECURRENT + gate : 2;
        const size_t bias = is_lstm ? LSTM_BIASES + gate : 3;
        if (!add_gate(views, gate, inputs[1 + gate], inputs[recurrent], inputs[bias], units,
                      before->features)) {
            return false;
        }
    }
    return give_state(
        operation,
        recurrent_state(reading, before, is_lstm ? CELL_LSTM : CELL_SIMPLE_RNN, units, views));
}
