#include "tflite_model.h"

#include "tflite_schema.h"

enum { MOST_WORK = 2 << 20, MOST_TENSORS = 4096, MOST_OPERATORS = 4096, MOST_GRAPHS = 257 };
enum { MOST_COMPUTED = 1 << 20, ALIGNMENT = 4 };

/* Weights in all buffers together, in bytes. */
static const size_t MOST_BYTES = (size_t)4 << 25;

typedef struct parser {
    reading *reading;
    flat *flat;
    text *buffers;
    size_t buffer_count;
    int32_t *codes;
    size_t code_count;
} parser;

static bool is_sound(const parser *parser) { return parser->reading->status == EDGERNN_OK; }

/* A list of at most `most` int32. */
static size_t integers_of(parser *parser, const table *table, size_t field, int32_t *numbers,
                          size_t most) {
    const vector vector = field_vector(parser->reading, table, field, 4);
    if (vector.count > most) {
        unsupported(parser->reading, "a longer list of numbers than an export has");
        return 0;
    }
    for (size_t i = 0; i < vector.count; i++) {
        numbers[i] = vector_integer(table, vector, i);
    }
    return vector.count;
}

/* A vector of tables of which there may be `most`. */
static vector tables_of(parser *parser, const table *table, size_t field, size_t most) {
    const vector vector = field_vector(parser->reading, table, field, 4);
    if (vector.count > most) {
        unsupported(parser->reading, "more of a kind than any model of this kind needs");
        return (struct vector){0};
    }
    return vector;
}

static void parse_buffers(parser *parser, const table *root) {
    const vector found = tables_of(parser, root, MODEL_BUFFERS, 2 * MOST_TENSORS);
    parser->buffers = scratch(parser->reading, found.count, sizeof *parser->buffers);
    size_t total = 0;
    for (size_t i = 0; i < found.count && is_sound(parser); i++) {
        const table buffer = vector_table(parser->reading, root, found, i);
        const vector data = field_vector(parser->reading, &buffer, BUFFER_DATA, 1);
        if (field_integer(parser->reading, &buffer, BUFFER_OFFSET, 8, 0) != 0 ||
            field_integer(parser->reading, &buffer, BUFFER_SIZE, 8, 0) != 0) {
            unsupported(parser->reading, "weights outside the flatbuffer");
        }
        if (data.start % ALIGNMENT != 0) {
            unsupported(parser->reading, "weights that are not aligned");
        }
        parser->buffers[i] = vector_bytes(&buffer, data, 1);
        total += data.count; /* each is at most the file, and they are few */
    }
    parser->buffer_count = found.count;
    if (total > MOST_BYTES) {
        unsupported(parser->reading, "more weights than are read");
    }
}

static void parse_codes(parser *parser, const table *root) {
    const vector found = tables_of(parser, root, MODEL_OPERATOR_CODES, 256);
    parser->codes = scratch(parser->reading, found.count, sizeof *parser->codes);
    for (size_t i = 0; i < found.count && is_sound(parser); i++) {
        const table code = vector_table(parser->reading, root, found, i);
        /* Numbers above 127 did not fit the first field, hence the second. */
        const int64_t old = field_integer(parser->reading, &code, CODE_DEPRECATED, 1, 0);
        const int64_t builtin = field_integer(parser->reading, &code, CODE_BUILTIN, 4, 0);
        field_integer(parser->reading, &code, CODE_VERSION, 4, 1); /* whichever it is */
        parser->codes[i] = (int32_t)(old > builtin ? old : builtin);
    }
    parser->code_count = found.count;
}

static element element_of(int64_t type) {
    switch (type) {
    case TENSOR_FLOAT32: return ELEMENT_FLOAT32;
    case TENSOR_FLOAT16: return ELEMENT_FLOAT16;
    case TENSOR_INT32: return ELEMENT_INT32;
    case TENSOR_INT16: return ELEMENT_INT16;
    case TENSOR_INT8: return ELEMENT_INT8;
    default: return ELEMENT_OTHER;
    }
}

/* Sizes, of which 0 stands for one that the converter did not know, and which of them are open. */
static bool parse_shape(parser *parser, const table *table, tflite_tensor *tensor, int64_t *sizes) {
    int32_t shape[MAX_RANK], open[MAX_RANK];
    const size_t rank = integers_of(parser, table, TENSOR_SHAPE, shape, MAX_RANK);
    const size_t count = integers_of(parser, table, TENSOR_SIGNATURE, open, MAX_RANK);
    if (count != 0 && count != rank) {
        return unsupported(parser->reading, "a tensor of two shapes");
    }
    tensor->rank = (int32_t)rank;
    for (size_t i = 0; i < rank; i++) {
        const int32_t size = count == 0 ? shape[i] : open[i];
        if (shape[i] < 0 || (size != -1 && size != shape[i])) {
            return unsupported(parser->reading, "a tensor of two shapes");
        }
        tensor->dims[i] = size;
        tensor->sizes[i] = shape[i];
        sizes[i] = shape[i];
    }
    return is_sound(parser);
}

/* The one scale of an int8 constant, in which 0 stands for 0; others are not known here. */
static bool parse_scale(parser *parser, const table *tensor, stored *constant) {
    const table found = field_table(parser->reading, tensor, TENSOR_QUANTIZATION);
    const vector scales = field_vector(parser->reading, &found, QUANTIZATION_SCALE, 4);
    const vector zeros = field_vector(parser->reading, &found, QUANTIZATION_ZERO, 8);
    if (has_field(&found, QUANTIZATION_DETAILS)) {
        return unsupported(parser->reading, "a tensor that is quantized in an unknown way");
    }
    if (!is_sound(parser) || (scales.count == 0 && zeros.count == 0)) {
        return is_sound(parser);
    }
    if (constant == NULL || constant->type != ELEMENT_INT8) {
        return unsupported(parser->reading, "a tensor that is computed in integers");
    }
    stored *scale = scratch(parser->reading, 1, sizeof *scale);
    if (scale == NULL) {
        return false;
    }
    scale->type = ELEMENT_FLOAT32;
    if (scales.count != 1 || zeros.count != 1 || vector_integer(&found, zeros, 0) != 0 ||
        vector_integer(&found, zeros, 1) != 0 ||
        !shape_stored(parser->reading, scale, NULL, 0, vector_bytes(&found, scales, 4)) ||
        !(stored_float(scale, 0) > 0 && stored_float(scale, 0) <= __FLT_MAX__)) {
        return unsupported(parser->reading, "a tensor without one sound scale");
    }
    constant->scales = scale;
    constant->inner = constant->count;
    constant->is_decoded = true;
    return true;
}

static void parse_tensor(parser *parser, const table *table, tflite_tensor *tensor) {
    int64_t sizes[MAX_RANK];
    field_text(parser->reading, table, TENSOR_NAME);
    const uint64_t buffer = (uint32_t)field_integer(parser->reading, table, TENSOR_BUFFER, 4, 0);
    const int64_t type = field_integer(parser->reading, table, TENSOR_TYPE, 1, 0);
    tensor->type = element_of(type);
    tensor->is_bool = type == TENSOR_BOOL;
    tensor->is_variable = field_integer(parser->reading, table, TENSOR_IS_VARIABLE, 1, 0) != 0;
    if (!parse_shape(parser, table, tensor, sizes)) {
        return;
    }
    if (buffer >= parser->buffer_count) {
        broken(parser->reading, "a tensor of a buffer that is not there");
        return;
    }
    if (has_field(table, TENSOR_SPARSITY) || has_field(table, TENSOR_VARIANTS) ||
        field_integer(parser->reading, table, TENSOR_EXTERNAL, 4, 0) != 0 ||
        (tensor->type == ELEMENT_OTHER && !tensor->is_bool)) {
        unsupported(parser->reading, "a tensor of a type, or stored in a way, that no export has");
        return;
    }
    const text data = parser->buffers[buffer];
    if (data.size > 0) {
        tensor->constant = scratch(parser->reading, 1, sizeof *tensor->constant);
        if (tensor->constant == NULL) {
            return;
        }
        tensor->constant->type = tensor->type;
        if (tensor->is_variable || tensor->is_bool) {
            unsupported(parser->reading, "a constant that no export has");
        } else if (!shape_stored(parser->reading, tensor->constant, sizes, (size_t)tensor->rank,
                                 data)) {
            return;
        }
    }
    int64_t count = 1;
    for (int32_t i = 0; i < tensor->rank && tensor->constant == NULL; i++) {
        count = count * sizes[i] > MOST_COMPUTED ? MOST_COMPUTED + 1 : count * sizes[i];
        if (count > MOST_COMPUTED) {
            unsupported(parser->reading, "a computed tensor of a shape that no export has");
            return;
        }
    }
    parse_scale(parser, table, tensor->constant);
}

/* Numbers of tensors that are there. */
static size_t numbers_of(parser *parser, const tflite_graph *graph, const table *table,
                         size_t field, int32_t *numbers, size_t most, bool may_lack) {
    const size_t count = integers_of(parser, table, field, numbers, most);
    for (size_t i = 0; i < count; i++) {
        if ((numbers[i] < 0 || (size_t)numbers[i] >= graph->tensor_count) &&
            !(may_lack && numbers[i] == ABSENT)) {
            broken(parser->reading, "a tensor that is not there");
            return 0;
        }
    }
    return count;
}

static void parse_operator(parser *parser, const tflite_graph *graph, const table *table,
                           tflite_operator *operator) {
    reading *reading = parser->reading;
    const uint64_t code = (uint32_t)field_integer(reading, table, OPERATOR_CODE, 4, 0);
    if (code >= parser->code_count) {
        broken(reading, "an operator code that is not there");
        return;
    }
    operator->code = parser->codes[code];
    operator->input_count = numbers_of(parser, graph, table, OPERATOR_INPUTS, operator->inputs,
                                       MAX_TFLITE_INPUTS, true);
    operator->output_count = numbers_of(parser, graph, table, OPERATOR_OUTPUTS, operator->outputs,
                                        MAX_TFLITE_OUTPUTS, false);
    for (size_t i = 0; i < operator->output_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (operator->outputs[i] == operator->outputs[j]) {
                broken(reading, "an operator writes a tensor again");
            }
        }
    }
    operator->options_type = (int32_t)field_integer(reading, table, OPERATOR_OPTIONS_TYPE, 1, 0);
    operator->options = field_table(reading, table, OPERATOR_OPTIONS);
    if (has_field(table, OPERATOR_CUSTOM_OPTIONS) || has_field(table, OPERATOR_MUTATING) ||
        has_field(table, OPERATOR_LARGE_OPTIONS) ||
        field_integer(reading, table, OPERATOR_OPTIONS_2_TYPE, 1, 0) != 0 ||
        field_vector(reading, table, OPERATOR_INTERMEDIATES, 4).count != 0) {
        unsupported(reading, "an operator with settings that no export has");
    }
}

static void parse_graph(parser *parser, const table *table, tflite_graph *graph) {
    reading *reading = parser->reading;
    field_text(reading, table, GRAPH_NAME);
    const vector tensors = tables_of(parser, table, GRAPH_TENSORS, MOST_TENSORS);
    const vector operators = tables_of(parser, table, GRAPH_OPERATORS, MOST_OPERATORS);
    graph->tensors = scratch(reading, tensors.count, sizeof *graph->tensors);
    graph->operators = scratch(reading, operators.count, sizeof *graph->operators);
    for (size_t i = 0; i < tensors.count && is_sound(parser); i++) {
        const struct table tensor = vector_table(reading, table, tensors, i);
        parse_tensor(parser, &tensor, &graph->tensors[i]);
    }
    graph->tensor_count = tensors.count;
    for (size_t i = 0; i < operators.count && is_sound(parser); i++) {
        const struct table operator = vector_table(reading, table, operators, i);
        parse_operator(parser, graph, &operator, &graph->operators[i]);
    }
    graph->operator_count = operators.count;
    graph->input_count =
        numbers_of(parser, graph, table, GRAPH_INPUTS, graph->inputs, MAX_TFLITE_OUTPUTS, false);
    graph->output_count =
        numbers_of(parser, graph, table, GRAPH_OUTPUTS, graph->outputs, MAX_TFLITE_OUTPUTS, false);
}

bool parse_tflite(reading *reading, text file, tflite_model *model) {
    if (file.size < 8 || !is_text((text){file.at + 4, 4}, "TFL3")) {
        return broken(reading, "no TFL3 at byte 4");
    }
    model->flat = (flat){file, MOST_WORK};
    parser parser = {.reading = reading, .flat = &model->flat};
    const table root = flat_root(reading, &model->flat);
    if (field_vector(reading, &root, MODEL_EXTERNAL_GROUPS, 4).count != 0 ||
        field_vector(reading, &root, MODEL_EXTERNAL_BUFFERS, 4).count != 0) {
        return unsupported(reading, "weights in other files");
    }
    parse_buffers(&parser, &root);
    parse_codes(&parser, &root);
    const vector graphs = tables_of(&parser, &root, MODEL_SUBGRAPHS, MOST_GRAPHS);
    model->graphs = scratch(reading, graphs.count, sizeof *model->graphs);
    model->is_called = scratch(reading, graphs.count, sizeof *model->is_called);
    for (size_t i = 0; i < graphs.count && is_sound(&parser); i++) {
        const table graph = vector_table(reading, &root, graphs, i);
        parse_graph(&parser, &graph, &model->graphs[i]);
    }
    model->graph_count = graphs.count;
    if (is_sound(&parser) && graphs.count == 0) {
        return broken(reading, "no subgraph inside");
    }
    return is_sound(&parser) &&
           check_tflite_names(reading, &root, &model->graphs[0], parser.buffer_count);
}
