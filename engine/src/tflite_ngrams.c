/*
 * N-grams of ids in a TFLite graph: a row for each place, a column for each length of n-gram.
 */
#include "tflite_match.h"

bool has_fused_none(reading *reading, const operation *operation, int32_t type, size_t count) {
    return has_options(reading, operation, type, count) &&
           option(reading, operation, 0, 1) == FUSED_NONE;
}

/* ids [tokens, 1], with zeros before them, or those some places before each. */
static bool match_before(reading *reading, operation *operation) {
    const value *of = operation->inputs[0];
    if (is(operation, OP_RESHAPE)) {
        becomes(operation, TOKENS)->number = 0;
        return (takes_two(operation, IDS, CONSTANT) ||
                (takes_two(operation, SPREAD, CONSTANT) && of->times == 2)) &&
               has_options(reading, operation, 0, 0) &&
               is_int32(operation, 1, 1, 2, (const int64_t[]){-1, 1});
    }
    if (is(operation, OP_PAD)) {
        const value *pads = operation->inputs[1];
        if (!takes_two(operation, TOKENS, CONSTANT) ||
            !has_options(reading, operation, OPTIONS_PAD, 0) ||
            pads->constant->type != ELEMENT_INT32 || pads->constant->count != 4) {
            return false;
        }
        const int64_t most = stored_integer(pads->constant, 0);
        becomes(operation, PADDED)->number = (int32_t)most;
        return most >= 1 && most < MAX_NGRAM &&
               is_int32(operation, 1, 2, 4, (const int64_t[]){most, 0, 0, 0});
    }
    if (!is(operation, OP_STRIDED_SLICE) ||
        !takes(operation, 4, (const kind[]){PADDED, CONSTANT, CONSTANT, CONSTANT}) ||
        !has_slice_masks(reading, operation, 2, 2, 0) ||
        !is_int32(operation, 3, 1, 2, (const int64_t[]){1, 1})) {
        return false;
    }
    const stored *starts = operation->inputs[1]->constant, *ends = operation->inputs[2]->constant;
    if (starts->type != ELEMENT_INT32 || starts->rank != 1 || starts->count != 2 ||
        ends->type != ELEMENT_INT32 || ends->rank != 1 || ends->count != 2) {
        return false;
    }
    /* The columns' bounds are masked: there is one column. */
    const int64_t place = -stored_integer(ends, 0);
    becomes(operation, SHIFTED)->number = (int32_t)place;
    return place >= 1 && place <= of->number && stored_integer(starts, 0) == of->number - place;
}

/* Ids turned into others: times a factor, mod a modulus, and that again. */
static bool match_spread(reading *reading, operation *operation) {
    const value *ids = operation->inputs[0], *by = operation->inputs[1];
    const bool is_product =
        is(operation, OP_MUL) && has_fused_none(reading, operation, OPTIONS_MUL, 1) &&
        (takes_two(operation, IDS, CONSTANT) || takes_two(operation, SPREAD, CONSTANT));
    const bool is_rest = is(operation, OP_FLOOR_MOD) && has_options(reading, operation, 0, 0) &&
                         takes_two(operation, MULTIPLIED, CONSTANT);
    if ((!is_product && !is_rest) || by->constant->type != ELEMENT_INT32 ||
        by->constant->rank != 0 || ids->times == 2) {
        return false;
    }
    const int64_t number = stored_integer(by->constant, 0);
    const int32_t before = is_product ? ids->factor : ids->modulus;
    if (number < 1 || (ids->times == 1 && number != before)) {
        return false;
    }
    value *value = becomes(operation, is_product ? MULTIPLIED : SPREAD);
    if (is_product) {
        value->factor = (int32_t)number;
    } else {
        value->modulus = (int32_t)number;
        value->times++;
    }
    return true;
}

/* Whether a constant has a number for each length of n-gram. */
static bool is_by_length(const value *value) {
    return value->kind == CONSTANT && value->constant->type == ELEMENT_INT32 &&
           value->constant->rank == 1 && value->constant->dims[0] <= MAX_NGRAM;
}

static bool match_product(reading *reading, operation *operation) {
    const value *ids = operation->inputs[0], *row = operation->inputs[1];
    if (!has_fused_none(reading, operation, OPTIONS_MUL, 1) ||
        (!takes_two(operation, TOKENS, CONSTANT) && !takes_two(operation, SHIFTED, CONSTANT)) ||
        !is_by_length(row) || ids->number >= row->constant->dims[0]) {
        return false;
    }
    becomes(operation, PRODUCT)->constant = row->constant;
    return true;
}

/* Products of all places before, and an offset for each length; the last place's comes last. */
static bool match_hash(reading *reading, operation *operation) {
    const value *a = operation->inputs[0], *b = operation->inputs[1];
    const bool is_first = takes_two(operation, PRODUCT, CONSTANT);
    if (!has_fused_none(reading, operation, OPTIONS_ADD, 2) ||
        (!is_first && !takes_two(operation, HASHED, PRODUCT))) {
        return false;
    }
    ngrams *ngrams = scratch(reading, 1, sizeof *ngrams);
    const stored *row = is_first ? a->constant : b->constant;
    const int32_t longest = row->dims[0], place = is_first ? a->number : b->number;
    if (ngrams == NULL || (!is_first && (a->modulus != b->modulus || a->factor != b->factor))) {
        return false;
    }
    if (is_first) {
        ngrams->factor = a->factor;
        ngrams->modulus = a->modulus;
        if (place != 0 || !is_by_length(b) || b->constant->dims[0] != longest) {
            return false;
        }
        ngrams->longest = longest;
        for (int32_t length = 0; length < longest; length++) {
            ngrams->bucket_hash[length].offset =
                (int32_t)stored_integer(b->constant, (size_t)length);
        }
    } else {
        *ngrams = *a->ngrams;
        if (ngrams->longest != longest || place != a->number + 1) {
            return false;
        }
    }
    for (int32_t length = 0; length < longest; length++) {
        if (!set_multiplier(&ngrams->bucket_hash[length], length, place,
                            stored_integer(row, (size_t)length))) {
            return false;
        }
    }
    value *value = becomes(operation, HASHED);
    value->ngrams = ngrams;
    value->number = place;
    return true;
}

static bool match_bucket(reading *reading, operation *operation) {
    const value *hashed = operation->inputs[0], *modulus = operation->inputs[1];
    if (!takes_two(operation, HASHED, CONSTANT) || !has_options(reading, operation, 0, 0) ||
        hashed->number + 1 != hashed->ngrams->longest || modulus->constant->rank != 0 ||
        modulus->constant->type != ELEMENT_INT32 || stored_integer(modulus->constant, 0) < 1) {
        return false;
    }
    becomes(operation, BUCKET)->number = (int32_t)stored_integer(modulus->constant, 0);
    return true;
}

/* The number of each bucket, or its check. */
static bool match_table(reading *reading, operation *operation) {
    if (!takes_two(operation, CONSTANT, BUCKET) ||
        !has_options(reading, operation, OPTIONS_GATHER, 2) ||
        option(reading, operation, 0, 4) != 0 || option(reading, operation, 1, 4) != 0) {
        return false;
    }
    stored *table = operation->inputs[0]->constant;
    const bool is_small = table->type == ELEMENT_INT8 || table->type == ELEMENT_INT16;
    if (table->rank > 2 || table->dims[0] != operation->inputs[1]->number ||
        table->scales != NULL || (!table->is_decoded && !is_small)) {
        return false;
    }
    value *value = give(operation, FOUND);
    value->of = operation->inputs[1];
    value->constant = table;
    return true;
}

/* The same table, decoded further: int16 as halves, those and int8 as float32, int8 squared. */
static bool match_decoding(reading *reading, operation *operation) {
    const value *found = operation->inputs[0];
    const int32_t code = operation->operator->code;
    if (found->kind != FOUND) {
        return false;
    }
    value *value = becomes(operation, FOUND);
    stored *table = copy_stored(reading, found->constant);
    if (table == NULL) {
        return false;
    }
    value->constant = table;
    const element type = table->type;
    if (code == OP_MUL) {
        const struct value *sizes = operation->inputs[1];
        table->is_squared = true;
        return takes_two(operation, FOUND, SIZES) && sizes->of == found &&
               has_fused_none(reading, operation, OPTIONS_MUL, 1);
    }
    if (!takes_one(operation, FOUND) || !has_options(reading, operation, 0, 0)) {
        return false;
    }
    if (code == OP_BITCAST) {
        table->type = ELEMENT_FLOAT16;
        return type == ELEMENT_INT16;
    }
    if (code == OP_ABS) {
        value->kind = SIZES;
        value->of = found;
        return type == ELEMENT_INT8 && table->rank == 1 && table->is_decoded && !table->is_squared;
    }
    const bool is_to_integers = operation->results[0]->type == ELEMENT_INT32;
    if (code == OP_CAST && type == ELEMENT_INT8 && !table->is_decoded && is_to_integers) {
        value->kind = HELD;
        return table->rank == 1;
    }
    const bool is_half = type == ELEMENT_FLOAT16 && (code == OP_DEQUANTIZE || code == OP_CAST);
    const bool is_step = type == ELEMENT_INT8 && code == OP_CAST;
    const bool is_new = !table->is_decoded;
    table->is_decoded = true;
    return (is_half || is_step) && is_new && operation->results[0]->type == ELEMENT_FLOAT32;
}

/* The numbers of those n-grams whose check is the bucket's. */
static bool match_counted(reading *reading, operation *operation) {
    const value *found = operation->inputs[0], *alike = operation->inputs[1];
    if (!takes_two(operation, FOUND, COUNTS) || found->constant->rank != 1 ||
        !found->constant->is_decoded ||
        !has_fused_none(reading, operation, OPTIONS_MUL, 1) ||
        (found->constant->type == ELEMENT_INT8) != found->constant->is_squared) {
        return false;
    }
    ngrams *ngrams = counted_ngrams(reading, found, alike);
    if (ngrams == NULL) {
        return false;
    }
    value *value = give(operation, COUNTED);
    value->ngrams = ngrams;
    value->constant = found->constant;
    value->of = alike->of;
    return true;
}

/* Times 1 / sqrt(longest); int8's own scale is a factor of the same number. */
static bool match_share(reading *reading, operation *operation) {
    const value *by = operation->inputs[1];
    if (!takes_two(operation, SUM, CONSTANT) ||
        !has_fused_none(reading, operation, OPTIONS_MUL, 1)) {
        return false;
    }
    value *value = becomes(operation, SCALED);
    const int32_t longest = value->ngrams->longest;
    if (is_number(by->constant, NGRAM_SHARES[longest - 1]) && !value->constant->is_squared) {
        return true;
    }
    /* The scale of int8, or what halves are off. */
    if (!value->constant->is_squared && by->constant->type != ELEMENT_FLOAT16) {
        return false;
    }
    stored *table = copy_stored(reading, value->constant);
    stored *scale = scratch(reading, 1, sizeof *scale);
    float *number = scratch(reading, 1, sizeof *number);
    if (table == NULL || scale == NULL || number == NULL || by->constant->rank != 0 ||
        !is_weights(by->constant)) {
        return false;
    }
    const float *factor = stored_values(reading, by->constant);
    if (factor == NULL) {
        return false;
    }
    *number = *factor * NGRAM_ROOTS[longest - 1];
    *scale = (stored){.type = ELEMENT_FLOAT32, .count = 1, .data = (const uint8_t *)number};
    table->scales = scale;
    table->inner = table->count;
    value->constant = table;
    return true;
}

/* The sum over the root of longest * length. */
static bool match_sum(reading *reading, operation *operation) {
    const value *wide = operation->inputs[1];
    switch (operation->operator->code) {
    case OP_SUM:
        becomes(operation, SUM);
        return takes_two(operation, COUNTED, CONSTANT) &&
               has_options(reading, operation, OPTIONS_REDUCER, 1) &&
               option(reading, operation, 0, 1) == 0 &&
               is_int32(operation, 1, 1, 2, (const int64_t[]){0, 1});
    case OP_CAST:
        becomes(operation, LENGTH_FLOAT);
        return takes_one(operation, LENGTH) && has_options(reading, operation, 0, 0) &&
               operation->results[0]->type == ELEMENT_FLOAT32;
    case OP_RSQRT:
        becomes(operation, ROOT);
        return takes_one(operation, LENGTH_FLOAT) && operation->inputs[0]->state == NULL &&
               has_options(reading, operation, 0, 0);
    case OP_MUL:
        if (match_share(reading, operation)) {
            return true;
        }
        becomes(operation, WIDE);
        return takes_two(operation, SCALED, ROOT) &&
               has_fused_none(reading, operation, OPTIONS_MUL, 1);
    case OP_RESHAPE:
        becomes(operation, WIDE_LIST);
        return takes_two(operation, WIDE, CONSTANT) && has_options(reading, operation, 0, 0) &&
               is_int32(operation, 1, 1, 1, (const int64_t[]){1});
    case OP_ADD:
        return takes_two(operation, STATE, WIDE_LIST) &&
               has_fused_none(reading, operation, OPTIONS_ADD, 2) &&
               operation->inputs[0]->state->rank == 1 &&
               give_state(operation,
                          plus_ngrams(reading, operation->inputs[0]->state,
                                      &(found_ngrams){.ngrams = wide->ngrams,
                                                      .table = wide->constant,
                                                      .checks = wide->of->constant}));
    default: return false;
    }
}

bool match_tflite_ngrams(reading *reading, operation *operation) {
    switch (operation->operator->code) {
    case OP_EQUAL: {
        value *value = give(operation, ALIKE);
        value->of = operation->inputs[0];
        value->with = operation->inputs[1];
        return takes_two(operation, HELD, BUCKET) && has_options(reading, operation, 0, 0);
    }
    case OP_FLOOR_MOD: return match_spread(reading, operation) || match_bucket(reading, operation);
    case OP_GATHER: return match_table(reading, operation);
    case OP_CAST:
        if (takes_one(operation, ALIKE)) {
            becomes(operation, COUNTS);
            return has_options(reading, operation, 0, 0) &&
                   operation->results[0]->type == ELEMENT_FLOAT32;
        }
        break;
    default: break;
    }
    return (is(operation, OP_MUL) &&
            (match_spread(reading, operation) || match_product(reading, operation) ||
             match_counted(reading, operation))) ||
           (is(operation, OP_ADD) && match_hash(reading, operation)) ||
           match_before(reading, operation) || match_decoding(reading, operation) ||
           match_sum(reading, operation);
}
