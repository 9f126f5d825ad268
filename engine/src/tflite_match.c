#include "tflite_match.h"

#include "readers.h"
#include "tflite_schema.h"

/* Options that say how a runtime computes, not what: a flag in this field. */
static const struct {
    int32_t type;
    size_t field;
} FLAGS[] = {
    {OPTIONS_ADD, 1},
    {OPTIONS_SUB, 1},
    {OPTIONS_FULLY_CONNECTED, 3},
    {OPTIONS_UNIDIRECTIONAL_SEQUENCE_LSTM, 4},
    {OPTIONS_SEQUENCE_RNN, 2},
};

bool are_options(reading *reading, const tflite_operator *operator, int32_t type, size_t count) {
    for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS; i++) {
        if (FLAGS[i].type == type) {
            const int64_t flag = field_integer(reading, &operator->options, FLAGS[i].field, 1, 0);
            if (flag != 0 && flag != 1) {
                return false;
            }
        }
    }
    return operator->options_type == type && !has_more_than(reading, &operator->options, count);
}

static matcher *const MATCHERS[] = {
    match_tflite_embedding, match_tflite_function, match_tflite_dense,
    match_tflite_windows,   match_tflite_shape,    match_tflite_recurrent,
    match_tflite_pool,      match_tflite_ngrams,   match_tflite_loop,
    match_tflite_ngram_vectors,
};

/* The type of a tensor that is a value. */
static element type_of(const value *value) {
    switch (value->kind) {
    case STATE:
        return value->state->made == MADE_ROWS && !value->state->first->is_decoded
                   ? value->state->first->type
                   : ELEMENT_FLOAT32;
    case FOUND: return value->constant->is_decoded ? ELEMENT_FLOAT32 : value->constant->type;
    case BRIEF:
    case ALIKE: return ELEMENT_OTHER;
    case SHAPE:
    case LENGTH:
    case LENGTH_LIST:
    case BUFFER_SHAPE:
    case COUNTED_UP:
    case TOKENS:
    case MULTIPLIED:
    case SPREAD:
    case PADDED:
    case SHIFTED:
    case PRODUCT:
    case HASHED:
    case BUCKET:
    case HELD: return ELEMENT_INT32;
    default: return ELEMENT_FLOAT32;
    }
}

/* Whether a tensor has the type and shape of what it is. */
static bool fits(const tflite_tensor *tensor, const value *value) {
    if (tensor->is_variable != (value->kind == VARIABLE) ||
        (value->kind != COUNTED_UP && tensor->type != type_of(value))) {
        return false;
    }
    if (value->kind != STATE) {
        return true;
    }
    const state *state = value->state;
    if (tensor->rank != state->rank) {
        return false;
    }
    for (int32_t i = 0; i < state->rank; i++) {
        const int32_t size = state->axes[i] == AXIS_FEATURE ? state->features
                             : state->axes[i] == AXIS_TIME  ? tensor->dims[i]
                                                            : 1;
        if (tensor->dims[i] != size) {
            return false;
        }
    }
    return true;
}

/* Find the form of an operation. */
static bool match_operation(reading *reading, operation *operation) {
    const size_t outputs = operation->operator->output_count;
    for (size_t i = 0; i < sizeof MATCHERS / sizeof *MATCHERS; i++) {
        for (size_t j = 0; j < outputs; j++) {
            *operation->outputs[j] = (value){0};
        }
        const bool is_form = MATCHERS[i](reading, operation);
        if (reading->status != EDGERNN_OK) {
            return false;
        }
        bool are_whole = is_form && (outputs == 1 || is(operation, OP_WHILE));
        for (size_t j = 0; j < outputs && are_whole; j++) {
            are_whole = fits(operation->results[j], operation->outputs[j]);
        }
        if (are_whole) {
            return true;
        }
    }
    char digits[12];
    size_t at = sizeof digits;
    for (uint32_t rest = (uint32_t)operation->operator->code; at == sizeof digits || rest > 0;
         rest /= 10) {
        digits[--at] = (char)('0' + rest % 10);
    }
    return refuse(reading, EDGERNN_UNSUPPORTED, "in no form that an export has: operator ",
                  (text){(const uint8_t *)digits + at, sizeof digits - at}, " of TFLite");
}

bool match_tflite_graph(reading *reading, const tflite_model *model, const tflite_graph *graph,
                        value *values) {
    static const value nothing = {.kind = NOTHING};
    for (size_t i = 0; i < graph->operator_count; i++) {
        const tflite_operator *operator = &graph->operators[i];
        operation operation = {.model = model, .operator = operator};
        for (size_t j = 0; j < MAX_TFLITE_INPUTS; j++) {
            const bool is_given = j < operator->input_count && operator->inputs[j] != ABSENT;
            operation.inputs[j] = is_given ? &values[operator->inputs[j]] : &nothing;
            if (is_given && operation.inputs[j]->kind == NOTHING) {
                return broken(reading, "an operator reads a tensor that nothing has written");
            }
        }
        for (size_t j = 0; j < operator->output_count; j++) {
            operation.outputs[j] = &values[operator->outputs[j]];
            operation.results[j] = &graph->tensors[operator->outputs[j]];
            /* A file for newer runtimes decodes the zeros that a state starts from. */
            const bool is_start = operation.outputs[j]->kind == VARIABLE &&
                                  operation.outputs[j]->number == 0 &&
                                  operator->code == OP_DEQUANTIZE;
            if (operation.outputs[j]->kind != NOTHING && !is_start) {
                return broken(reading, "an operator writes a tensor again");
            }
        }
        if (operator->output_count == 0) {
            return unsupported(reading, "an operator without an output");
        }
        if (!match_operation(reading, &operation)) {
            return false;
        }
    }
    return true;
}

/* Whether the main graph takes ids [1, time], and gives float32 [1] or [1, labels]. */
static bool has_ends(const tflite_graph *graph) {
    if (graph->input_count != 1 || graph->output_count != 1) {
        return false;
    }
    const tflite_tensor *ids = &graph->tensors[graph->inputs[0]];
    const tflite_tensor *found = &graph->tensors[graph->outputs[0]];
    return ids->type == ELEMENT_INT32 && ids->constant == NULL && !ids->is_variable &&
           ids->rank == 2 && ids->dims[0] == 1 && found->type == ELEMENT_FLOAT32 &&
           (found->rank == 1 || (found->rank == 2 && found->dims[1] > 1));
}

static bool read(reading *reading, text file, network *network) {
    tflite_model model = {0};
    if (!parse_tflite(reading, file, &model)) {
        return false;
    }
    const tflite_graph *main = &model.graphs[0];
    if (!has_ends(main)) {
        return unsupported(reading, "other inputs and outputs than ids and probability");
    }
    value *values = scratch(reading, main->tensor_count, sizeof *values);
    if (values == NULL) {
        return false;
    }
    for (size_t i = 0; i < main->tensor_count; i++) {
        const tflite_tensor *tensor = &main->tensors[i];
        if (tensor->constant != NULL) {
            values[i] = (value){.kind = CONSTANT, .constant = tensor->constant};
        } else if (tensor->is_variable) {
            values[i] = (value){.kind = VARIABLE};
        }
    }
    values[main->inputs[0]] = (value){.kind = IDS};
    if (!match_tflite_graph(reading, &model, main, values)) {
        return false;
    }
    for (size_t i = 1; i < model.graph_count; i++) {
        if (!model.is_called[i]) {
            return unsupported(reading, "a subgraph that nothing calls");
        }
    }
    const value *output = &values[main->outputs[0]];
    if (output->kind != STATE || (output->state->rank == 1 && output->state->features != 1)) {
        return unsupported(reading, "an output that is no probability");
    }
    return build_network(reading, output->state, network);
}

edgernn_status read_tflite(const uint8_t *file, size_t size, arena *arena, network *network,
                           edgernn_error *error) {
    reading reading = {.kept = arena, .scratch = {arena->allocator, NULL}, .error = error};
    read(&reading, (text){file, size}, network);
    arena_release(&reading.scratch);
    return reading.status;
}
