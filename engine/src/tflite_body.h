/*
 * The body of a loop in a TFLite graph, which is one step of a cell: tflite_parts.c says what each
 * tensor is, tflite_cell.c which cell the outputs are of.
 */
#ifndef EDGERNN_TFLITE_BODY_H
#define EDGERNN_TFLITE_BODY_H

#include "tflite_match.h"

typedef enum part_kind {
    UNKNOWN, NUMBERS, /* a constant */
    INPUT,            /* number `input` of the body */
    COUNTED_ON,       /* a counter + 1 */
    PLACE, PLACE_OF_STEP, /* a counter as [1], and as the place [counter, 0, 0] */
    STEP,             /* the input of this step: [1, features] */
    PRODUCT_SUM,      /* input * kernel + state * recurrent kernel + biases, or some of these */
    NO_GATE,          /* what a split leaves over: nothing */
    RESET_PRODUCT,    /* the same of a state that gate `a` has reset */
    SIXTH, SHIFTED_SIXTH, CAPPED_SIXTH, /* of `a`, for hard_sigmoid */
    FUNCTION,         /* `function` of `a` */
    ONE_MINUS,        /* gate `a` */
    GATED_STATE,      /* gate `a` times state `input` */
    GATED_SUM,        /* gate `a` times the state's product, of reset_after */
    RESET_SUM,        /* the input's product plus either of the two above */
    GATED_NEW,        /* gate `a`, or one minus it, times `b` */
    NEXT_STATE,       /* gated state `a` + gated new `b` */
    OUTPUT,           /* a cell's output: `a`, with the gate `b` of an LSTM */
    ROW, WRITTEN,     /* the output as [1, 1, units], and the sequence with it in its place */
    LARGER, ADDED     /* the output `a` or input `input`, and their sum: what is pooled so far */
} part_kind;

typedef struct part {
    part_kind kind;
    size_t input;
    stored *numbers;
    function function;
    const struct part *a, *b;
    view kernel, recurrent_kernel, bias, more_bias; /* of a sum: the input's bias, the state's */
    int32_t units;
} part;

typedef struct body {
    reading *reading;
    const tflite_graph *graph;
    const body_input *inputs;
    int32_t features; /* of a step */
    const state *product;
    const tflite_operator *operator; /* the one that is looked at, with its inputs: */
    const part *a, *b, *c;           /* of kind UNKNOWN where there are none */
    part *found;                     /* what it gives */
    size_t time;                     /* the input that steps are looked up by */
    bool has_time;
} body;

/* Say what each tensor is. `time` becomes the input that counts the steps. */
bool find_parts(body *body, part *parts);

/* The cell whose step the outputs are. */
bool find_cell(const body *body, const part *parts, cell_step *step);

#endif
