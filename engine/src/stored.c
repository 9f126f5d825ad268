#include "stored.h"

/* Numbers in one tensor. */
static const size_t MOST = (size_t)1 << 25;

static const uint8_t SIZES[] = {4, 2, 1, 2, 4, 8, 1};

bool shape_stored(reading *reading, stored *stored, const int64_t *dims, size_t rank, text data) {
    if (rank > MAX_RANK) {
        return refuse(reading, EDGERNN_UNSUPPORTED, "more dimensions than an export has: tensor ",
                      stored->name, "");
    }
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) {
        if (dims[i] <= 0 || (uint64_t)dims[i] > MOST / count) {
            return refuse(reading, EDGERNN_UNSUPPORTED, "a shape that no export has: tensor ",
                          stored->name, "");
        }
        stored->dims[i] = (int32_t)dims[i];
        count *= (size_t)dims[i];
    }
    if (data.size != count * SIZES[stored->type]) {
        return refuse(reading, EDGERNN_BROKEN, "its shape does not fit its bytes: tensor ",
                      stored->name, "");
    }
    stored->rank = (int32_t)rank;
    stored->count = count;
    stored->data = data.at;
    stored->is_decoded = stored->type == ELEMENT_FLOAT32;
    return true;
}

float stored_float(const stored *stored, size_t at) {
    float number;
    __builtin_memcpy(&number, stored->data + 4 * at, sizeof number);
    return number;
}

static uint16_t bits16(const stored *stored, size_t at) {
    uint16_t bits;
    __builtin_memcpy(&bits, stored->data + 2 * at, sizeof bits);
    return bits;
}

int64_t stored_integer(const stored *stored, size_t at) {
    int32_t small;
    int64_t large;
    switch (stored->type) {
    case ELEMENT_INT8: return (int8_t)stored->data[at];
    case ELEMENT_INT16: return (int16_t)bits16(stored, at);
    case ELEMENT_INT32: __builtin_memcpy(&small, stored->data + 4 * at, sizeof small); return small;
    case ELEMENT_INT64: __builtin_memcpy(&large, stored->data + 8 * at, sizeof large); return large;
    default: return 0;
    }
}

bool is_integers(const stored *stored, element type, const int64_t *numbers, size_t count) {
    if (stored->type != type || stored->rank != 1 || stored->count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (stored_integer(stored, i) != numbers[i]) {
            return false;
        }
    }
    return true;
}

/* IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
static float half(uint16_t bits) {
    const uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    const uint32_t rest = bits & 0x7fff;
    uint32_t wide = sign | ((rest << 13) + ((127 - 15) << 23));
    if (rest >= 0x7c00) { /* infinities and what is no number */
        wide = sign | 0x7f800000 | ((rest & 0x3ff) << 13);
    } else if (rest < 0x400) { /* zero and the smallest: fraction * 2^-24, exact in float32 */
        const float number = (float)rest * 0x1p-24f;
        return sign ? -number : number;
    }
    float number;
    __builtin_memcpy(&number, &wide, sizeof number);
    return number;
}

/* One number, before its scale. */
static float plain(const stored *stored, size_t at) {
    switch (stored->type) {
    case ELEMENT_FLOAT32: return stored_float(stored, at);
    case ELEMENT_FLOAT16:
    case ELEMENT_INT16: return half(bits16(stored, at)); /* int16: the same bits */
    default: {
        const float number = (float)(int8_t)stored->data[at];
        return stored->is_squared ? number * (number < 0 ? -number : number) : number;
    }
    }
}

bool is_number(const stored *stored, float number) {
    return is_weights(stored) && stored->scales == NULL && stored->rank <= 1 &&
           stored->count == 1 && plain(stored, 0) == number;
}

bool is_zero(reading *reading, const stored *stored) {
    const bool is_float = stored->type == ELEMENT_FLOAT32 || stored->type == ELEMENT_FLOAT16;
    if (!may_look(reading, stored->count)) {
        return false;
    }
    for (size_t i = 0; i < stored->count; i++) {
        if (is_float ? plain(stored, i) != 0 : stored_integer(stored, i) != 0) {
            return false;
        }
    }
    return true;
}

static float scale_at(const stored *stored, size_t at) {
    const struct stored *scales = stored->scales;
    return scales->type == ELEMENT_INT8 ? (float)(int8_t)scales->data[at] * stored->step
                                        : stored_float(scales, at);
}

const float *stored_values(reading *reading, stored *stored) {
    if (stored->values != NULL) {
        return stored->values;
    }
    float *values = scratch(reading, stored->count, sizeof(float));
    if (values == NULL) {
        return NULL;
    }
    if (stored->scales == NULL) {
        for (size_t i = 0; i < stored->count; i++) {
            values[i] = plain(stored, i);
        }
    } else {
        size_t scale = 0;
        for (size_t i = 0; i < stored->count; i += stored->inner) {
            const float factor = scale_at(stored, scale);
            for (size_t j = i; j < i + stored->inner; j++) {
                values[j] = plain(stored, j) * factor;
            }
            scale = scale + 1 == stored->scales->count ? 0 : scale + 1;
        }
    }
    stored->values = values;
    return values;
}

bool copy_view(reading *reading, const view *view, float *out, size_t row) {
    const float *values = stored_values(reading, view->of);
    if (values == NULL) {
        return false;
    }
    const size_t *count = view->count, *step = view->step;
    for (size_t i = 0; i < count[0]; i++) {
        for (size_t j = 0; j < count[1]; j++) {
            const float *from = values + view->first + i * step[0] + j * step[1];
            float *to = out + (i * count[1] + j) * row;
            for (size_t k = 0; k < count[2]; k++) {
                to[k] = from[k * step[2]];
            }
        }
    }
    return true;
}
