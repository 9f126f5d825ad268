/*
 * Which cell a loop's body is a step of.
 */
#include "tflite_body.h"

/* A gate or new state: a function of products of the input and the state. */
static bool add_gate(cell_step *step, size_t place, const part *gate, function function) {
    if (gate->kind != FUNCTION || gate->function != function || gate->a->kind != PRODUCT_SUM) {
        return false;
    }
    const part *sum = gate->a;
    step->views.kernel[place] = sum->kernel;
    step->views.recurrent_kernel[place] = sum->recurrent_kernel;
    step->views.bias[place] = sum->bias;
    step->views.more_bias[place] = sum->more_bias;
    return sum->input == step->hidden && sum->units == step->units;
}

/* h' = activation(sum) */
static bool is_simple(cell_step *step, const part *output) {
    step->cell = CELL_SIMPLE_RNN;
    step->hidden = output->a->input;
    step->activation = output->function;
    step->gates = SIGMOID; /* there are none */
    return add_gate(step, 0, output, output->function);
}

/* h' = z * h + (1 - z) * activation(sum of the input + what the gate r makes of the state) */
static bool is_gru(cell_step *step, const part *output) {
    const part *kept = output->a, *fresh = output->b;
    const part *update = kept->a, *candidate = fresh->b;
    if (fresh->a->kind != ONE_MINUS || fresh->a->a != update || candidate->kind != FUNCTION ||
        candidate->a->kind != RESET_SUM) {
        return false;
    }
    const part *of_input = candidate->a->a, *of_state = candidate->a->b;
    const part *reset = of_state->a;
    step->cell = CELL_GRU;
    step->reset_after = of_state->kind == GATED_SUM;
    step->hidden = kept->input;
    step->activation = candidate->function;
    step->gates = update->function;
    const part *product = step->reset_after ? of_state->b : of_state;
    step->views.kernel[2] = of_input->kernel;
    step->views.bias[2] = of_input->bias;
    step->views.recurrent_kernel[2] = product->recurrent_kernel;
    step->views.more_bias[2] = product->more_bias;
    return product->input == step->hidden && product->units == step->units &&
           of_input->units == step->units && add_gate(step, 0, update, step->gates) &&
           add_gate(step, 1, reset, step->gates);
}

/* c' = f * c + i * activation(sum), h' = o * activation(c') */
static bool is_lstm(cell_step *step, const part *output) {
    const part *next = output->a->a, *forget = next->a->a;
    const part *input = next->b->a, *fresh = next->b->b;
    step->cell = CELL_LSTM;
    step->activation = output->a->function;
    step->gates = output->b->function;
    step->hidden = output->b->a->input;
    step->memory = next->a->input;
    if (input->kind == FUNCTION && input->function != step->gates) {
        const part *other = input;
        input = fresh;
        fresh = other;
    }
    return step->memory != step->hidden && add_gate(step, 0, input, step->gates) &&
           add_gate(step, 1, forget, step->gates) && add_gate(step, 2, fresh, step->activation) &&
           add_gate(step, 3, output->b, step->gates);
}

/* Whether each of a cell's functions is one that a network may have, and each kernel there. */
static bool is_whole(const cell_step *step, size_t features) {
    static const size_t GATES[] = {[CELL_LSTM] = 4, [CELL_GRU] = 3, [CELL_SIMPLE_RNN] = 1};
    for (size_t gate = 0; gate < GATES[step->cell]; gate++) {
        const view *kernel = &step->views.kernel[gate];
        const view *recurrent = &step->views.recurrent_kernel[gate];
        if (kernel->of == NULL || kernel->count[1] != features || recurrent->of == NULL ||
            recurrent->count[1] != (size_t)step->units) {
            return false;
        }
    }
    const bool is_activation =
        step->activation == TANH || step->activation == RELU || step->activation == SIGMOID;
    return is_activation &&
           (step->cell == CELL_SIMPLE_RNN || step->gates == SIGMOID || step->gates == HARD_SIGMOID);
}

/* How much a part looks like a cell's output: an LSTM passes its cell on, too. */
static int rank_of(const part *part) {
    return part->kind == OUTPUT ? 3 : part->kind == FUNCTION ? 2 : part->kind == NEXT_STATE ? 1 : 0;
}

/* The output of the cell, which is what it passes on as its state. */
static const part *output_of(const body *body, const part *parts) {
    const part *output = NULL;
    for (size_t i = 0; i < body->graph->output_count; i++) {
        const part *part = &parts[body->graph->outputs[i]];
        if (body->inputs[i] == INPUT_STATE &&
            rank_of(part) > (output == NULL ? 0 : rank_of(output))) {
            output = part;
        }
    }
    return output;
}

/* Whether output `place` of the body is what the input of that place becomes. */
static bool is_passed(const body *body, const part *parts, size_t place, const cell_step *step,
                      const part *output) {
    const part *part = &parts[body->graph->outputs[place]];
    switch (body->inputs[place]) {
    case INPUT_COUNTER: return part->kind == COUNTED_ON && part->input == place;
    case INPUT_LENGTH:
    case INPUT_STEPS: return part->kind == INPUT && part->input == place;
    case INPUT_BUFFER:
        return part->kind == WRITTEN && part->input == place && part->a == output &&
               part->b->input == step->time;
    case INPUT_LAST: return part->kind == ROW && part->a == output;
    case INPUT_LOWEST: return part->kind == LARGER && part->input == place && part->a == output;
    case INPUT_STATE:
        if (place == step->hidden) {
            return part == output;
        }
        return (step->cell == CELL_LSTM && place == step->memory && part == output->a->a) ||
               (part->kind == ADDED && part->input == place && part->a == output);
    default: return false;
    }
}

bool find_cell(const body *body, const part *parts, cell_step *step) {
    const part *output = output_of(body, parts);
    if (output == NULL || !body->has_time) {
        return false;
    }
    step->time = body->time;
    step->units = output->units;
    const bool is_cell = output->kind == NEXT_STATE ? is_gru(step, output)
                         : output->kind == OUTPUT   ? is_lstm(step, output)
                         : output->kind == FUNCTION && output->a->kind == PRODUCT_SUM
                             ? is_simple(step, output)
                             : false;
    const state *product = body->product;
    const int32_t features = product == NULL ? body->features : product->of->features;
    if (!is_cell || !is_whole(step, (size_t)features)) {
        return false;
    }
    for (size_t i = 0; i < body->graph->output_count; i++) {
        if (!is_passed(body, parts, i, step, output)) {
            return false;
        }
    }
    return true;
}

bool match_tflite_body(reading *reading, const tflite_graph *graph, const body_input *inputs,
                       int32_t features, const state *product, cell_step *step) {
    part *parts = scratch(reading, graph->tensor_count, sizeof *parts);
    body body = {.reading = reading,
                 .graph = graph,
                 .inputs = inputs,
                 .features = features,
                 .product = product};
    return parts != NULL && find_parts(&body, parts) && find_cell(&body, parts, step);
}
