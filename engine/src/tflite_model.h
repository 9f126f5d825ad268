/*
 * A .tflite file as graphs: tensors, operators in their order. What an operator means is left to
 * the matcher.
 */
#ifndef EDGERNN_TFLITE_MODEL_H
#define EDGERNN_TFLITE_MODEL_H

#include "stored.h"
#include "tflite_flat.h"

enum { MAX_TFLITE_INPUTS = 24, MAX_TFLITE_OUTPUTS = 8, ABSENT = -1 };

typedef struct tflite_tensor {
    element type;
    bool is_bool, is_variable;
    stored *constant; /* NULL where it is computed */
    int32_t rank, dims[MAX_RANK], sizes[MAX_RANK]; /* dims: -1 where a size is open */
} tflite_tensor;

typedef struct tflite_operator {
    int32_t code, options_type;
    size_t input_count, output_count;
    int32_t inputs[MAX_TFLITE_INPUTS], outputs[MAX_TFLITE_OUTPUTS]; /* tensors; ABSENT: left out */
    table options; /* of no fields where there are none */
} tflite_operator;

typedef struct tflite_graph {
    size_t tensor_count, operator_count, input_count, output_count;
    tflite_tensor *tensors;
    tflite_operator *operators;
    int32_t inputs[MAX_TFLITE_OUTPUTS], outputs[MAX_TFLITE_OUTPUTS];
} tflite_graph;

/* The first graph is the main one; the others are the conditions and bodies of its loops. */
typedef struct tflite_model {
    flat flat;
    size_t graph_count;
    tflite_graph *graphs;
    bool *is_called; /* by a loop, for each graph */
} tflite_model;

bool parse_tflite(reading *reading, text file, tflite_model *model);

/* Whether metadata and signatures are those of an export, which change nothing. */
bool check_tflite_names(reading *reading, const table *root, const tflite_graph *main,
                        size_t buffers);

#endif
