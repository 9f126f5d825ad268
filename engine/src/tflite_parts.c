/*
 * What each tensor of a loop's body is.
 *
 * As in the main graph each operator says what its tensor is, here in terms of a step: sums of
 * products of the input and the state, of which some become gates; what gates do to the state; and
 * in the end the state of one of the cells. Factors and summands may stand in either order.
 */
#include "tflite_body.h"

static bool has(const body *body, int32_t type, size_t count) {
    return are_options(body->reading, body->operator, type, count);
}

static int64_t setting(const body *body, size_t field, size_t size) {
    return field_integer(body->reading, &body->operator->options, field, size, 0);
}

static bool is_input(const body *body, const part *part, body_input kind) {
    return part->kind == INPUT && body->inputs[part->input] == kind;
}

static bool is_number_part(const part *part, float number) {
    return part->kind == NUMBERS && is_number(part->numbers, number);
}

/* Whether a constant is int32 of these numbers in one dimension, or in none. */
static bool are_integers(const part *part, const int64_t *numbers, size_t count) {
    if (part->kind != NUMBERS || part->numbers->type != ELEMENT_INT32 || part->numbers->rank > 1 ||
        part->numbers->count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (stored_integer(part->numbers, i) != numbers[i]) {
            return false;
        }
    }
    return true;
}

/* Put the operands in this order of kinds; false if they are of others. */
static bool ordered(const body *body, part_kind first, part_kind second, const part **a,
                    const part **b) {
    const bool is_turned = body->a->kind != first || body->b->kind != second;
    *a = is_turned ? body->b : body->a;
    *b = is_turned ? body->a : body->b;
    return (*a)->kind == first && (*b)->kind == second;
}

static bool becomes_pair(body *body, part_kind kind, const part *a, const part *b) {
    *body->found = (part){.kind = kind, .a = a, .b = b, .input = a->input, .units = a->units};
    return true;
}

/* A function of a sum, or of a cell's state. */
static bool apply(body *body, const part *of, function function) {
    const bool is_sum = of->kind == PRODUCT_SUM || of->kind == RESET_SUM || of->kind == NEXT_STATE;
    *body->found = (part){.kind = FUNCTION, .function = function, .a = of, .units = of->units};
    return is_sum;
}

/* [units, inputs] of stored weights as [inputs, units]. */
static bool match_product(body *body) {
    const part *of = body->a, *weights = body->b, *added = body->c;
    const bool is_gated = of->kind == GATED_STATE;
    const bool is_state = is_gated || is_input(body, of, INPUT_STATE);
    if (!has(body, OPTIONS_FULLY_CONNECTED, 5) || body->operator->input_count != 3 ||
        setting(body, 0, 1) != FUSED_NONE || setting(body, 1, 1) != 0 || setting(body, 4, 1) != 0 ||
        (!is_state && of->kind != STEP) || weights->kind != NUMBERS ||
        (added->kind != NUMBERS && added->kind != UNKNOWN)) {
        return false;
    }
    stored *kernel = weights->numbers, *bias = added->numbers;
    if (!kernel->is_decoded || kernel->rank != 2 ||
        (!is_state && kernel->dims[1] != body->features) ||
        (bias != NULL &&
         (!bias->is_decoded || bias->rank != 1 || bias->dims[0] != kernel->dims[0]))) {
        return false;
    }
    const size_t rows = (size_t)kernel->dims[0], columns = (size_t)kernel->dims[1];
    const view weight = {kernel, 0, {1, columns, rows}, {0, 1, columns}};
    const view number = {bias, 0, {1, 1, rows}, {0, 0, 1}};
    part *found = body->found;
    found->kind = is_gated ? RESET_PRODUCT : PRODUCT_SUM;
    found->units = kernel->dims[0];
    if (is_state) {
        found->recurrent_kernel = weight;
        found->more_bias = number;
        found->input = of->input;
        found->a = is_gated ? of->a : NULL;
    } else {
        found->kernel = weight;
        found->bias = number;
    }
    return true;
}

/* The sum of two products, or of products and a bias. */
static bool add_products(body *body) {
    const part *a, *b;
    if (ordered(body, PRODUCT_SUM, PRODUCT_SUM, &a, &b)) {
        const bool is_first = a->kernel.of != NULL;
        const part *of_input = is_first ? a : b, *of_state = is_first ? b : a;
        *body->found = *of_input;
        body->found->recurrent_kernel = of_state->recurrent_kernel;
        body->found->more_bias = of_state->more_bias;
        body->found->input = of_state->input;
        return a->units == b->units && of_input->recurrent_kernel.of == NULL &&
               of_state->kernel.of == NULL && of_input->more_bias.of == NULL &&
               of_state->bias.of == NULL && of_input->kernel.of != NULL &&
               of_state->recurrent_kernel.of != NULL;
    }
    if (!ordered(body, PRODUCT_SUM, NUMBERS, &a, &b)) {
        return false;
    }
    *body->found = *a;
    stored *bias = b->numbers;
    /* Where there is a choice it is the input's. */
    view *free = a->kernel.of != NULL ? &body->found->bias : &body->found->more_bias;
    const bool is_free = free->of == NULL;
    *free = (view){bias, 0, {1, 1, (size_t)a->units}, {0, 0, 1}};
    return is_free && bias->is_decoded && bias->rank == 1 && bias->dims[0] == a->units;
}

/* The output beside what has been pooled of those before. */
static bool match_pooled(body *body, part_kind kind, body_input of) {
    const bool is_first = is_input(body, body->a, of);
    const part *kept = is_first ? body->a : body->b, *output = is_first ? body->b : body->a;
    const bool is_output =
        output->kind == OUTPUT || output->kind == FUNCTION || output->kind == NEXT_STATE;
    *body->found = (part){.kind = kind, .input = kept->input, .a = output, .units = output->units};
    return is_output && is_input(body, kept, of);
}

static bool match_sum(body *body) {
    const part *a, *b;
    if (ordered(body, INPUT, NUMBERS, &a, &b)) {
        *body->found = *a;
        body->found->kind = COUNTED_ON;
        return body->inputs[a->input] == INPUT_COUNTER && are_integers(b, (const int64_t[]){1}, 1);
    }
    if (ordered(body, SIXTH, NUMBERS, &a, &b)) {
        return is_number_part(b, 0.5f) && becomes_pair(body, SHIFTED_SIXTH, a->a, NULL);
    }
    if (ordered(body, PRODUCT_SUM, GATED_SUM, &a, &b) ||
        ordered(body, PRODUCT_SUM, RESET_PRODUCT, &a, &b)) {
        return a->recurrent_kernel.of == NULL && a->more_bias.of == NULL && a->units == b->units &&
               becomes_pair(body, RESET_SUM, a, b);
    }
    if (ordered(body, GATED_STATE, GATED_NEW, &a, &b)) {
        return becomes_pair(body, NEXT_STATE, a, b);
    }
    return match_pooled(body, ADDED, INPUT_STATE) || add_products(body);
}

static bool match_added(body *body) {
    if (body->operator->input_count != 2 || !has(body, OPTIONS_ADD, 2) || !match_sum(body)) {
        return false;
    }
    if (setting(body, 0, 1) == FUSED_NONE) {
        return true;
    }
    part *sum = scratch(body->reading, 1, sizeof *sum);
    if (sum == NULL || setting(body, 0, 1) != FUSED_RELU) {
        return false;
    }
    *sum = *body->found;
    return apply(body, sum, RELU);
}

static bool match_times(body *body) {
    if (body->operator->input_count != 2 || !has(body, OPTIONS_MUL, 1) ||
        setting(body, 0, 1) != FUSED_NONE) {
        return false;
    }
    const part *a, *b;
    if (ordered(body, PRODUCT_SUM, NUMBERS, &a, &b)) {
        return is_number_part(b, (float)(1.0 / 6)) && becomes_pair(body, SIXTH, a, NULL);
    }
    if (ordered(body, FUNCTION, INPUT, &a, &b)) {
        *body->found = (part){.kind = GATED_STATE, .a = a, .input = b->input, .units = a->units};
        return body->inputs[b->input] == INPUT_STATE;
    }
    if (ordered(body, FUNCTION, PRODUCT_SUM, &a, &b)) {
        *body->found = (part){.kind = GATED_SUM, .a = a, .b = b, .units = b->units};
        return b->kernel.of == NULL && b->bias.of == NULL;
    }
    if (ordered(body, ONE_MINUS, FUNCTION, &a, &b)) {
        return becomes_pair(body, GATED_NEW, a, b);
    }
    /* Two functions: a gate of the new, which is a function of a sum, or of an LSTM's state. */
    if (!ordered(body, FUNCTION, FUNCTION, &a, &b)) {
        return false;
    }
    if (a->a->kind == NEXT_STATE || b->a->kind == NEXT_STATE) {
        const bool is_first = a->a->kind == NEXT_STATE;
        return becomes_pair(body, OUTPUT, is_first ? a : b, is_first ? b : a);
    }
    return becomes_pair(body, GATED_NEW, a, b);
}

/* Gate `i` of a sum: the columns from i * units on. */
static part slice(const part *sum, size_t units, size_t place) {
    part part = *sum;
    view *const views[] = {&part.kernel, &part.recurrent_kernel, &part.bias, &part.more_bias};
    for (size_t i = 0; i < 4; i++) {
        views[i]->first += place * units * views[i]->step[2];
        views[i]->count[2] = units;
    }
    part.units = (int32_t)units;
    return part;
}

/* How wide part `place` of a SPLIT_V is, the last one being the rest; -1 where that is not said. */
static int64_t width_of(const part *sizes, size_t count, size_t place, int64_t rest) {
    if (sizes->kind != NUMBERS || sizes->numbers->type != ELEMENT_INT32 ||
        sizes->numbers->rank != 1 || sizes->numbers->count != count) {
        return -1;
    }
    const int64_t size = stored_integer(sizes->numbers, place);
    return size == -1 && place + 1 == count ? rest : size;
}

/*
 * Gates side by side, all of one width: SPLIT has the axis first, SPLIT_V widths and the axis last.
 * A GRU that resets before the product has two of the state's gates, and a rest of none.
 */
static bool match_split(body *body, part *parts) {
    const bool is_even = body->operator->code == OP_SPLIT;
    const part *sum = is_even ? body->b : body->a, *axis = is_even ? body->a : body->c;
    const size_t count = body->operator->output_count;
    const bool is_last_axis =
        are_integers(axis, (const int64_t[]){-1}, 1) || are_integers(axis, (const int64_t[]){1}, 1);
    if (!has(body, is_even ? OPTIONS_SPLIT : OPTIONS_SPLIT_V, 1) || count < 2 || !is_last_axis ||
        body->operator->input_count != (is_even ? 2 : 3) || (size_t)setting(body, 0, 4) != count ||
        sum->kind != PRODUCT_SUM || (is_even && sum->units % (int32_t)count != 0)) {
        return false;
    }
    const int64_t units = is_even ? sum->units / (int32_t)count : width_of(body->b, count, 0, 0);
    int64_t rest = sum->units;
    for (size_t i = 0; i < count; i++) {
        const int64_t width = is_even ? units : width_of(body->b, count, i, rest);
        const bool is_rest = width == 0 && i + 1 == count;
        if (units < 1 || (width != units && !is_rest) || width > rest) {
            return false;
        }
        parts[body->operator->outputs[i]] = slice(sum, (size_t)units, i);
        if (is_rest) {
            parts[body->operator->outputs[i]] = (part){.kind = NO_GATE};
        }
        rest -= width;
    }
    return rest == 0;
}

/* The step's input, the place of its output, and the sequence with that in it. */
static bool match_places(body *body) {
    const tflite_operator *operator = body->operator;
    const part *a = body->a, *b = body->b;
    const size_t count = operator->input_count;
    switch (operator->code) {
    case OP_GATHER:
        *body->found = (part){.kind = STEP, .input = b->input};
        if (body->has_time && body->time != b->input) {
            return false;
        }
        body->has_time = true;
        body->time = b->input;
        if (body->product != NULL) {
            *body->found = (part){.kind = PRODUCT_SUM, .units = body->features};
            body->found->kernel = body->product->kernel;
            if (body->product->second != NULL) {
                const size_t units = (size_t)body->features;
                body->found->bias = (view){body->product->second, 0, {1, 1, units}, {0, 0, 1}};
            }
        }
        return count == 2 && has(body, OPTIONS_GATHER, 2) && setting(body, 0, 4) == 0 &&
               setting(body, 1, 4) == 0 && is_input(body, a, INPUT_STEPS) &&
               is_input(body, b, INPUT_COUNTER);
    case OP_CONCATENATION:
        becomes_pair(body, PLACE_OF_STEP, a, NULL);
        return count == 2 && has(body, OPTIONS_CONCATENATION, 2) && setting(body, 0, 4) == 0 &&
               setting(body, 1, 1) == FUSED_NONE && a->kind == PLACE &&
               are_integers(b, (const int64_t[]){0, 0}, 2);
    case OP_RESHAPE:
        if (count != 2 || !has(body, 0, 0)) {
            return false;
        }
        if (is_input(body, a, INPUT_COUNTER)) {
            becomes_pair(body, PLACE, a, NULL);
            return are_integers(b, (const int64_t[]){1}, 1);
        }
        becomes_pair(body, ROW, a, NULL);
        return are_integers(b, (const int64_t[]){1, 1, a->units}, 3);
    case OP_DYNAMIC_UPDATE_SLICE:
        *body->found = (part){.kind = WRITTEN, .a = b->a, .b = body->c, .input = a->input};
        return count == 3 && has(body, 0, 0) && is_input(body, a, INPUT_BUFFER) && b->kind == ROW &&
               body->c->kind == PLACE_OF_STEP;
    default: return false;
    }
}

/* Stored halves as float32. */
static bool match_decoded(body *body) {
    if (body->a->kind != NUMBERS || body->a->numbers->type != ELEMENT_FLOAT16) {
        return false;
    }
    stored *weights = copy_stored(body->reading, body->a->numbers);
    if (weights != NULL) {
        weights->is_decoded = true;
    }
    *body->found = (part){.kind = NUMBERS, .numbers = weights};
    return weights != NULL;
}

static bool match_part(body *body, part *parts) {
    const part *a = body->a;
    const size_t count = body->operator->input_count;
    switch (body->operator->code) {
    case OP_FULLY_CONNECTED: return match_product(body);
    case OP_ADD: return match_added(body);
    case OP_MUL: return match_times(body);
    case OP_SPLIT:
    case OP_SPLIT_V: return match_split(body, parts);
    case OP_LOGISTIC: return count == 1 && has(body, 0, 0) && apply(body, a, SIGMOID);
    case OP_TANH: return count == 1 && has(body, 0, 0) && apply(body, a, TANH);
    case OP_RELU:
        if (count != 1 || !has(body, 0, 0)) {
            return false;
        }
        return a->kind == CAPPED_SIXTH ? apply(body, a->a, HARD_SIGMOID) : apply(body, a, RELU);
    case OP_MINIMUM:
        return count == 2 && has(body, 0, 0) && a->kind == SHIFTED_SIXTH &&
               is_number_part(body->b, 1) && becomes_pair(body, CAPPED_SIXTH, a->a, NULL);
    case OP_MAXIMUM:
        return count == 2 && has(body, 0, 0) && match_pooled(body, LARGER, INPUT_LOWEST);
    case OP_DEQUANTIZE: return count == 1 && has(body, 0, 0) && match_decoded(body);
    case OP_SUB:
        return count == 2 && has(body, OPTIONS_SUB, 2) && setting(body, 0, 1) == FUSED_NONE &&
               is_number_part(a, 1) && body->b->kind == FUNCTION &&
               becomes_pair(body, ONE_MINUS, body->b, NULL);
    default: return match_places(body);
    }
}

bool find_parts(body *body, part *parts) {
    static const part nothing = {.kind = UNKNOWN};
    const tflite_graph *graph = body->graph;
    for (size_t i = 0; i < graph->tensor_count; i++) {
        if (graph->tensors[i].constant != NULL) {
            parts[i] = (part){.kind = NUMBERS, .numbers = graph->tensors[i].constant};
        }
    }
    for (size_t i = 0; i < graph->input_count; i++) {
        parts[graph->inputs[i]] = (part){.kind = INPUT, .input = i};
    }
    for (size_t i = 0; i < graph->operator_count; i++) {
        const tflite_operator *operator = &graph->operators[i];
        const part **const given[] = {&body->a, &body->b, &body->c};
        for (size_t j = 0; j < 3; j++) {
            const bool is_given = j < operator->input_count && operator->inputs[j] != ABSENT;
            *given[j] = is_given ? &parts[operator->inputs[j]] : &nothing;
            if (is_given && (*given[j])->kind == UNKNOWN) {
                return broken(body->reading, "an operator reads a tensor that nothing has written");
            }
        }
        for (size_t j = 0; j < operator->output_count; j++) {
            if (parts[operator->outputs[j]].kind != UNKNOWN) {
                return broken(body->reading, "an operator writes a tensor again");
            }
        }
        const bool is_split = operator->code == OP_SPLIT || operator->code == OP_SPLIT_V;
        if (operator->output_count != 1 && !is_split) {
            return false;
        }
        body->operator = operator;
        body->found = is_split ? NULL : &parts[operator->outputs[0]];
        if (!match_part(body, parts)) {
            return false;
        }
        for (size_t j = 0; j < operator->output_count; j++) {
            const part_kind kind = parts[operator->outputs[j]].kind;
            const bool is_place = kind == COUNTED_ON || kind == PLACE || kind == PLACE_OF_STEP;
            if (graph->tensors[operator->outputs[j]].type !=
                (is_place ? ELEMENT_INT32 : ELEMENT_FLOAT32)) {
                return false;
            }
        }
    }
    return true;
}
