/*
 * The Protocol Buffers wire format: the fields of one message, in the order of the bytes.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
#ifndef EDGERNN_ONNX_WIRE_H
#define EDGERNN_ONNX_WIRE_H

#include "reading.h"

typedef enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5
} wire_type;

typedef struct field {
    uint32_t number;
    wire_type type;
    uint64_t integer; /* of a varint, and the bits of fixed numbers */
    text bytes;       /* a message, a string or packed numbers */
} field;

/* The rest of a message, and how many fields of the file may still be read. */
typedef struct message {
    text rest;
    size_t *budget;
} message;

/* Take the next field off a message that is not at its end. */
bool next_field(reading *reading, message *message, field *field);

/* Take a varint off the front of bytes. Only the shortest spelling of a number is one. */
bool next_varint(reading *reading, text *rest, uint64_t *number);

/* A field as what it should be; false, and BROKEN, if it is stored otherwise. */
bool integer_of(reading *reading, const field *field, uint64_t *number);
bool bytes_of(reading *reading, const field *field, text *bytes);

#endif
