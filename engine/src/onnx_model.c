#include "onnx_model.h"

#include "onnx_schema.h"
#include "onnx_wire.h"

enum { MOST_FIELDS = 200000, MOST_NODES = 2048, MOST_STORED = 1024, LONGEST_NAME = 256 };
enum { OPSET = 17 }; /* the one that edgernn writes */

/* Take the next field off a message; false at its end, and once the file is refused. */
static bool take(reading *reading, message *message, field *field) {
    return message->rest.size > 0 && reading->status == EDGERNN_OK &&
           next_field(reading, message, field);
}

static message inside(reading *reading, const message *around, const field *field) {
    message message = {.budget = around->budget};
    bytes_of(reading, field, &message.rest);
    return message;
}

static text name_of(reading *reading, const field *field) {
    text name = {0};
    if (bytes_of(reading, field, &name) && name.size > LONGEST_NAME) {
        unsupported(reading, "a name of more than 256 bytes");
    }
    for (size_t i = 0; i < name.size && reading->status == EDGERNN_OK; i++) {
        if (name.at[i] < ' ' || name.at[i] > '~') {
            unsupported(reading, "a name that is not plain ASCII");
        }
    }
    return name;
}

static int64_t number_of(reading *reading, const field *field) {
    uint64_t number = 0;
    integer_of(reading, field, &number);
    return (int64_t)number;
}

static void unknown(reading *reading, const char *what, const field *field) {
    char digits[12];
    size_t at = sizeof digits;
    for (uint32_t rest = field->number; rest > 0; rest /= 10) {
        digits[--at] = (char)('0' + rest % 10);
    }
    refuse(reading, EDGERNN_UNSUPPORTED, what,
           (text){(const uint8_t *)digits + at, sizeof digits - at}, " that no export has");
}

/* Add the numbers of a repeated integer field, packed or single, to at most `most`. */
static void add_integers(reading *reading, const message *around, const field *field,
                         int64_t *numbers, size_t most, size_t *count) {
    text rest = field->bytes;
    bool is_single = field->type == WIRE_VARINT;
    if (!is_single && field->type != WIRE_BYTES) {
        broken(reading, "a list of integers stored as something else");
    }
    while (reading->status == EDGERNN_OK && (is_single || rest.size > 0)) {
        uint64_t number = field->integer;
        if (!is_single && !next_varint(reading, &rest, &number)) {
            return;
        }
        if (*count == most || *around->budget == 0) {
            unsupported(reading, "a longer list of integers than an export has");
            return;
        }
        *around->budget -= 1;
        numbers[(*count)++] = (int64_t)number;
        if (is_single) {
            return;
        }
    }
}

static float float_of(const uint8_t *at) {
    float number;
    __builtin_memcpy(&number, at, sizeof number);
    return number;
}

/* The numbers of a repeated float field, as `add_integers`. */
static void add_floats(reading *reading, const field *field, onnx_attribute *attribute,
                       size_t *count) {
    if ((field->type != WIRE_FIXED32 && field->type != WIRE_BYTES) || field->bytes.size % 4 != 0) {
        broken(reading, "a list of floats stored as something else");
        return;
    }
    for (size_t at = 0; at < field->bytes.size; at += 4) {
        if (*count == MAX_NUMBERS) {
            unsupported(reading, "a longer list of floats than an export has");
            return;
        }
        attribute->floats[(*count)++] = float_of(field->bytes.at + at);
    }
}

static void parse_attribute(reading *reading, message message, onnx_attribute *attribute) {
    /* How many values of each type there are, by the number of the type. */
    size_t counts[ATTRIBUTE_STRINGS + 1] = {0};
    field field;
    while (take(reading, &message, &field)) {
        switch (field.number) {
        case ATTRIBUTE_NAME: attribute->name = name_of(reading, &field); break;
        case ATTRIBUTE_TYPE: attribute->type = (attribute_type)number_of(reading, &field); break;
        case ATTRIBUTE_F:
            if (field.type != WIRE_FIXED32) {
                broken(reading, "a float stored as something else");
                break;
            }
            attribute->floats[0] = float_of(field.bytes.at);
            counts[ATTRIBUTE_FLOAT] = 1;
            break;
        case ATTRIBUTE_I:
            attribute->integers[0] = number_of(reading, &field);
            counts[ATTRIBUTE_INT] = 1;
            break;
        case ATTRIBUTE_S:
            attribute->strings[0] = name_of(reading, &field);
            counts[ATTRIBUTE_STRING] = 1;
            break;
        case ATTRIBUTE_FLOATS_:
            add_floats(reading, &field, attribute, &counts[ATTRIBUTE_FLOATS]);
            break;
        case ATTRIBUTE_INTS_:
            add_integers(reading, &message, &field, attribute->integers, MAX_NUMBERS,
                         &counts[ATTRIBUTE_INTS]);
            break;
        case ATTRIBUTE_STRINGS_:
            if (counts[ATTRIBUTE_STRINGS] == MAX_NUMBERS) {
                unsupported(reading, "a longer list of names than an export has");
                break;
            }
            attribute->strings[counts[ATTRIBUTE_STRINGS]++] = name_of(reading, &field);
            break;
        default: unknown(reading, "an attribute with field ", &field);
        }
    }
    for (size_t type = 0; type <= ATTRIBUTE_STRINGS; type++) {
        if ((counts[type] != 0) != (type == (size_t)attribute->type)) {
            refuse(reading, EDGERNN_UNSUPPORTED, "a value of another type than it says: attribute ",
                   attribute->name, "");
        }
        attribute->count += counts[type];
    }
    if (attribute->count == 0) {
        refuse(reading, EDGERNN_UNSUPPORTED, "no value: attribute ", attribute->name, "");
    }
}

static size_t count_fields(reading *reading, message message, uint32_t number) {
    size_t count = 0;
    field field;
    while (take(reading, &message, &field)) {
        count += field.number == number;
    }
    return count;
}

static void add_text(reading *reading, const field *field, text *texts, size_t most,
                     size_t *count) {
    if (*count == most) {
        unsupported(reading, "an operator with more inputs or outputs than an export has");
        return;
    }
    texts[(*count)++] = name_of(reading, field);
}

static void parse_node(reading *reading, message message, onnx_node *node) {
    const size_t most = count_fields(reading, message, NODE_ATTRIBUTE);
    node->attributes = scratch(reading, most, sizeof *node->attributes);
    field field;
    while (take(reading, &message, &field)) {
        switch (field.number) {
        case NODE_INPUT:
            add_text(reading, &field, node->inputs, MAX_INPUTS, &node->input_count);
            break;
        case NODE_OUTPUT:
            add_text(reading, &field, node->outputs, MAX_OUTPUTS, &node->output_count);
            break;
        case NODE_OP_TYPE: node->operator = name_of(reading, &field); break;
        case NODE_ATTRIBUTE:
            parse_attribute(reading, inside(reading, &message, &field),
                            &node->attributes[node->attribute_count++]);
            break;
        case NODE_NAME: name_of(reading, &field); break;
        case NODE_DOC_STRING: break;
        case NODE_DOMAIN:
            if (field.type != WIRE_BYTES ||
                (field.bytes.size > 0 && !is_text(field.bytes, "ai.onnx"))) {
                unsupported(reading, "an operator of another domain than ONNX's");
            }
            break;
        default: unknown(reading, "an operator with field ", &field);
        }
    }
}

static element element_of(int64_t type) {
    switch (type) {
    case DATA_FLOAT: return ELEMENT_FLOAT32;
    case DATA_FLOAT16: return ELEMENT_FLOAT16;
    case DATA_INT8: return ELEMENT_INT8;
    case DATA_INT32: return ELEMENT_INT32;
    case DATA_INT64: return ELEMENT_INT64;
    default: return ELEMENT_OTHER;
    }
}

static void parse_tensor(reading *reading, message message, stored *stored) {
    int64_t dims[MAX_RANK];
    size_t rank = 0;
    text data = {0};
    field field;
    stored->type = ELEMENT_OTHER;
    while (take(reading, &message, &field)) {
        switch (field.number) {
        case TENSOR_DIMS: add_integers(reading, &message, &field, dims, MAX_RANK, &rank); break;
        case TENSOR_DATA_TYPE: stored->type = element_of(number_of(reading, &field)); break;
        case TENSOR_NAME: stored->name = name_of(reading, &field); break;
        case TENSOR_RAW_DATA: bytes_of(reading, &field, &data); break;
        default: unknown(reading, "a tensor with field ", &field);
        }
    }
    if (reading->status != EDGERNN_OK) {
        return;
    }
    if (stored->type == ELEMENT_OTHER) {
        refuse(reading, EDGERNN_UNSUPPORTED, "a type that no export has: tensor ", stored->name,
               "");
        return;
    }
    shape_stored(reading, stored, dims, rank, data);
}

static void parse_dimension(reading *reading, message message, int64_t *size) {
    *size = -1;
    field field;
    while (take(reading, &message, &field)) {
        if (field.number == DIM_VALUE) {
            *size = number_of(reading, &field);
        }
    }
}

static void parse_end(reading *reading, message message, onnx_end *end) {
    field field;
    while (take(reading, &message, &field)) {
        if (field.number == VALUE_NAME) {
            end->name = name_of(reading, &field);
        }
        if (field.number != VALUE_TYPE) {
            continue;
        }
        struct message type = inside(reading, &message, &field);
        while (take(reading, &type, &field)) {
            struct message tensor = inside(reading, &message, &field);
            if (field.number != TYPE_TENSOR) {
                unsupported(reading, "an input or output that is no tensor");
            }
            while (take(reading, &tensor, &field)) {
                if (field.number == TENSOR_TYPE_ELEMENT) {
                    end->type = number_of(reading, &field);
                }
                if (field.number != TENSOR_TYPE_SHAPE) {
                    continue;
                }
                struct message shape = inside(reading, &message, &field);
                end->rank = 0;
                while (take(reading, &shape, &field)) {
                    if (field.number != SHAPE_DIM || end->rank == 2) {
                        unsupported(reading, "an input or output of a shape that no export has");
                        return;
                    }
                    parse_dimension(reading, inside(reading, &message, &field),
                                    &end->dims[end->rank++]);
                }
            }
        }
    }
}

static void add_end(reading *reading, message message, onnx_end *ends, size_t most, size_t *count) {
    if (*count == most) {
        unsupported(reading, "more inputs or outputs of the graph than an export has");
        return;
    }
    parse_end(reading, message, &ends[(*count)++]);
}

static void parse_graph(reading *reading, message message, onnx_graph *graph) {
    const size_t nodes = count_fields(reading, message, GRAPH_NODE);
    const size_t stored = count_fields(reading, message, GRAPH_INITIALIZER);
    if (nodes > MOST_NODES || stored > MOST_STORED) {
        unsupported(reading, "more operators or tensors than any model of this kind needs");
        return;
    }
    graph->nodes = scratch(reading, nodes, sizeof *graph->nodes);
    graph->stored = scratch(reading, stored, sizeof *graph->stored);
    field field;
    while (take(reading, &message, &field)) {
        const struct message part = field.number == GRAPH_DOC_STRING || field.number == GRAPH_NAME
                                        ? (struct message){0}
                                        : inside(reading, &message, &field);
        if (reading->status != EDGERNN_OK) {
            return;
        }
        switch (field.number) {
        case GRAPH_NODE: parse_node(reading, part, &graph->nodes[graph->node_count++]); break;
        case GRAPH_INITIALIZER:
            parse_tensor(reading, part, &graph->stored[graph->stored_count++]);
            break;
        case GRAPH_INPUT: add_end(reading, part, graph->inputs, 2, &graph->input_count); break;
        case GRAPH_OUTPUT: add_end(reading, part, graph->outputs, 1, &graph->output_count); break;
        case GRAPH_NAME: name_of(reading, &field); break;
        case GRAPH_DOC_STRING: break;
        default: unknown(reading, "a graph with field ", &field);
        }
    }
}

/* Only the default domain's version counts: no operator of another is let through. */
static void parse_opset(reading *reading, message message, int64_t *version) {
    bool is_default = true;
    int64_t found = 0;
    field field;
    while (take(reading, &message, &field)) {
        if (field.number == OPSET_DOMAIN) {
            const text domain = name_of(reading, &field);
            is_default = domain.size == 0 || is_text(domain, "ai.onnx");
        } else if (field.number == OPSET_VERSION) {
            found = number_of(reading, &field);
        }
    }
    if (is_default) {
        *version = found;
    }
}

bool parse_onnx(reading *reading, text file, onnx_graph *graph) {
    size_t budget = MOST_FIELDS;
    message message = {file, &budget};
    int64_t opset = 0;
    size_t graphs = 0;
    field field;
    if (file.size >= 8 && is_text((text){file.at + 4, 4}, "ORTM")) {
        return broken(reading, "two formats in one file");
    }
    while (take(reading, &message, &field)) {
        switch (field.number) {
        case MODEL_GRAPH:
            if (graphs++ > 0) {
                unsupported(reading, "a graph in two parts");
                break;
            }
            parse_graph(reading, inside(reading, &message, &field), graph);
            break;
        case MODEL_OPSET_IMPORT:
            parse_opset(reading, inside(reading, &message, &field), &opset);
            break;
        case MODEL_IR_VERSION:
        case MODEL_PRODUCER_NAME:
        case MODEL_PRODUCER_VERSION:
        case MODEL_DOMAIN:
        case MODEL_VERSION:
        case MODEL_DOC_STRING:
        case MODEL_METADATA_PROPS: break;
        default: unknown(reading, "a model with field ", &field);
        }
    }
    if (reading->status == EDGERNN_OK && graphs == 0) {
        return broken(reading, "no graph inside");
    }
    if (reading->status == EDGERNN_OK && opset != OPSET) {
        return unsupported(reading, "another version of ONNX's operators than 17");
    }
    return reading->status == EDGERNN_OK;
}
