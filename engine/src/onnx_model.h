/*
 * An .onnx file as a graph: operators in their order, and stored tensors. What an operator means is
 * left to the matcher.
 */
#ifndef EDGERNN_ONNX_MODEL_H
#define EDGERNN_ONNX_MODEL_H

#include "stored.h"

enum { MAX_INPUTS = 12, MAX_OUTPUTS = 3, MAX_NUMBERS = 8 };

/* AttributeProto.AttributeType, of which an export has these. */
typedef enum attribute_type {
    ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_STRING = 3,
    ATTRIBUTE_FLOATS = 6, ATTRIBUTE_INTS = 7, ATTRIBUTE_STRINGS = 8
} attribute_type;

typedef struct onnx_attribute {
    text name;
    attribute_type type;
    size_t count; /* 1 where it is no list */
    float floats[MAX_NUMBERS];
    int64_t integers[MAX_NUMBERS];
    text strings[MAX_NUMBERS];
} onnx_attribute;

typedef struct onnx_node {
    text operator;
    size_t input_count, output_count, attribute_count;
    text inputs[MAX_INPUTS], outputs[MAX_OUTPUTS]; /* an empty name: left out */
    onnx_attribute *attributes;
} onnx_node;

/* An input or output of the graph. */
typedef struct onnx_end {
    text name;
    int64_t type; /* a number of TensorProto.DataType */
    size_t rank;
    int64_t dims[2]; /* -1: open */
} onnx_end;

typedef struct onnx_graph {
    size_t node_count, stored_count, input_count, output_count;
    onnx_node *nodes;
    stored *stored;
    onnx_end inputs[2], outputs[1];
} onnx_graph;

bool parse_onnx(reading *reading, text file, onnx_graph *graph);

#endif
