#include "onnx_wire.h"

enum { VARINT_BYTES = 10, LARGEST_FIELD = (1 << 29) - 1 };

bool next_varint(reading *reading, text *rest, uint64_t *number) {
    uint64_t value = 0;
    for (size_t at = 0; at < VARINT_BYTES; at++) {
        if (at >= rest->size) {
            return broken(reading, "cut off inside a number");
        }
        const uint8_t byte = rest->at[at];
        if (at == VARINT_BYTES - 1 && byte > 1) {
            return broken(reading, "a number of more than 64 bits");
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * at);
        if (byte < 0x80) {
            if (byte == 0 && at > 0) {
                return broken(reading, "a number written with more bytes than needed");
            }
            rest->at += at + 1;
            rest->size -= at + 1;
            *number = value;
            return true;
        }
    }
    return broken(reading, "a number of more than 64 bits");
}

/* Bytes in the order of the file, the lowest first. */
static uint64_t little_endian(const uint8_t *at, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

bool next_field(reading *reading, message *message, field *field) {
    text *rest = &message->rest;
    if (*message->budget == 0) {
        return broken(reading, "more fields than any model of this kind needs");
    }
    *message->budget -= 1;
    uint64_t tag;
    if (!next_varint(reading, rest, &tag)) {
        return false;
    }
    const uint64_t number = tag >> 3;
    if (number < 1 || number > LARGEST_FIELD) {
        return broken(reading, "a field with a number that no field has");
    }
    *field = (struct field){.number = (uint32_t)number, .type = (wire_type)(tag & 7)};
    uint64_t size;
    switch (field->type) {
    case WIRE_VARINT: return next_varint(reading, rest, &field->integer);
    case WIRE_FIXED64: size = 8; break;
    case WIRE_FIXED32: size = 4; break;
    case WIRE_BYTES:
        if (!next_varint(reading, rest, &size)) {
            return false;
        }
        break;
    default: return broken(reading, "a field stored in no known way");
    }
    if (size > rest->size) {
        return broken(reading, "a field is cut off");
    }
    field->bytes = (text){rest->at, (size_t)size};
    if (field->type != WIRE_BYTES) {
        field->integer = little_endian(rest->at, (size_t)size);
    }
    rest->at += size;
    rest->size -= (size_t)size;
    return true;
}

bool integer_of(reading *reading, const field *field, uint64_t *number) {
    *number = field->integer;
    return field->type == WIRE_VARINT || broken(reading, "a field that should be an integer");
}

bool bytes_of(reading *reading, const field *field, text *bytes) {
    *bytes = field->bytes;
    return field->type == WIRE_BYTES || broken(reading, "a field that should be a message or text");
}
