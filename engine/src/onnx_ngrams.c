/*
 * N-grams of ids in an ONNX graph: hashed, looked up, checked and added up; see edgernn/ngrams.py.
 */
#include "onnx_match.h"
#include "onnx_schema.h"

static const int64_t FIRST[] = {1}, SECOND[] = {2};

/* Tokens turned into others: times a factor, mod a modulus, and that again. */
static bool match_spread(operation *operation) {
    const value *tokens = operation->inputs[0], *by = operation->inputs[1];
    const bool is_product = is(operation, "Mul") && takes_two(operation, TOKENS, CONSTANT);
    const bool is_rest = is(operation, "Mod") && takes_two(operation, MULTIPLIED, CONSTANT) &&
                         has_integer(operation, "fmod", 0);
    if ((!is_product && !is_rest) || by->constant->type != ELEMENT_INT32 ||
        by->constant->rank != 1 || by->constant->count != 1 || tokens->times == 2) {
        return false;
    }
    const int64_t number = stored_integer(by->constant, 0);
    const int32_t before = is_product ? tokens->factor : tokens->modulus;
    if (number < 1 || (tokens->times == 1 && number != before)) {
        return false;
    }
    value *value = becomes(operation, is_product ? MULTIPLIED : TOKENS);
    if (is_product) {
        value->factor = (int32_t)number;
    } else {
        value->modulus = (int32_t)number;
        value->times++;
    }
    return true;
}

/* ids, with as many zeros before them as an n-gram reaches back. */
static bool match_pad(operation *operation) {
    const value *pads = operation->inputs[1];
    if (!takes_two(operation, TOKENS, CONSTANT) || operation->inputs[0]->times == 1 ||
        !has_string(operation, "mode", "constant") || pads->constant->type != ELEMENT_INT64 ||
        pads->constant->count != 6) {
        return false;
    }
    const int64_t most = stored_integer(pads->constant, 1);
    if (most < 1 || most >= MAX_NGRAM ||
        !is_int64(operation, 1, 6, (const int64_t[]){0, most, 0, 0, 0, 0})) {
        return false;
    }
    becomes(operation, PADDED)->number = (int32_t)most;
    return true;
}

/* The ids so many places before each. */
static bool match_shift(operation *operation) {
    if (!takes(operation, 4, (const kind[]){PADDED, CONSTANT, CONSTANT, CONSTANT})) {
        return false;
    }
    const int32_t most = operation->inputs[0]->number;
    for (int64_t place = 1; place <= most; place++) {
        if (is_int64(operation, 1, 1, (const int64_t[]){most - place}) &&
            is_int64(operation, 2, 1, (const int64_t[]){-place}) &&
            is_int64(operation, 3, 1, FIRST)) {
            becomes(operation, SHIFTED)->number = (int32_t)place;
            return true;
        }
    }
    return false;
}

/* Each id with those before it, the nearest first: [batch, time, longest]. */
static bool match_grams(operation *operation) {
    const size_t count = operation->node->input_count;
    if (count < 2 || count > MAX_NGRAM || operation->inputs[0]->kind != TOKENS ||
        !has_integer(operation, "axis", 2)) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        const value *value = operation->inputs[i];
        if (value->kind != SHIFTED || (size_t)value->number != i) {
            return false;
        }
    }
    give(operation, GRAMS, NULL)->number = (int32_t)count;
    return true;
}

/* Ids times multipliers [place, length], for all lengths at once. */
static bool match_product(reading *reading, operation *operation) {
    if (!takes_two(operation, GRAMS, CONSTANT) && !takes_two(operation, TOKENS, CONSTANT)) {
        return false;
    }
    if (operation->inputs[0]->times != 0) {
        return false;
    }
    const stored *matrix = operation->inputs[1]->constant;
    const int32_t longest = operation->inputs[0]->kind == TOKENS ? 1 : operation->inputs[0]->number;
    if (matrix->type != ELEMENT_INT32 || matrix->rank != 2 || matrix->dims[0] != longest ||
        matrix->dims[1] != longest) {
        return false;
    }
    ngrams *ngrams = scratch(reading, 1, sizeof *ngrams);
    if (ngrams == NULL) {
        return false;
    }
    ngrams->longest = longest;
    for (int32_t length = 0; length < longest; length++) {
        for (int32_t place = 0; place < longest; place++) {
            const int64_t factor = stored_integer(matrix, (size_t)(place * longest + length));
            if (!set_multiplier(&ngrams->bucket_hash[length], length, place, factor)) {
                return false;
            }
        }
        ngrams->bucket_hash[length].offset = -1; /* none yet */
    }
    give(operation, HASHED, NULL)->ngrams = ngrams;
    return true;
}

/* Ids at a place times a number for each length of n-gram: those of buckets, then those of checks. */
static bool match_row(operation *operation) {
    const value *ids = operation->inputs[0], *row = operation->inputs[1];
    if ((!takes_two(operation, TOKENS, CONSTANT) && !takes_two(operation, SHIFTED, CONSTANT)) ||
        ids->times == 1 || row->constant->type != ELEMENT_INT32 || row->constant->rank != 1 ||
        row->constant->count % 2 != 0 || row->constant->count > 2 * MAX_NGRAM) {
        return false;
    }
    value *value = becomes(operation, PRODUCT);
    value->constant = row->constant;
    value->number = ids->kind == TOKENS ? 0 : ids->number;
    return value->number < row->constant->dims[0] / 2;
}

/* The first product and offsets, or the sum so far and the next product. */
static bool match_total(reading *reading, operation *operation) {
    const bool is_first = takes_two(operation, PRODUCT, CONSTANT);
    if (!is_first && !takes_two(operation, TOTAL, PRODUCT)) {
        return false;
    }
    const value *sum = operation->inputs[0], *added = is_first ? sum : operation->inputs[1];
    const stored *offsets = operation->inputs[1]->constant;
    const int32_t longest = added->constant->dims[0] / 2, place = added->number;
    ngrams *ngrams = scratch(reading, 1, sizeof *ngrams);
    if (ngrams == NULL || added->modulus != sum->modulus || added->factor != sum->factor) {
        return false;
    }
    if (is_first) {
        if (place != 0 || offsets->type != ELEMENT_INT32 || offsets->rank != 1 ||
            offsets->dims[0] != 2 * longest) {
            return false;
        }
        ngrams->longest = longest;
        ngrams->factor = sum->factor;
        ngrams->modulus = sum->modulus;
    } else {
        *ngrams = *sum->ngrams;
        if (ngrams->longest != longest || place != sum->number + 1) {
            return false;
        }
    }
    for (int32_t i = 0; i < 2 * longest; i++) {
        const int32_t length = i % longest;
        ngram_hash *hash = i < longest ? &ngrams->bucket_hash[length] : &ngrams->check_hash[length];
        if (is_first) {
            hash->offset = (int32_t)stored_integer(offsets, (size_t)i);
        }
        if (!set_multiplier(hash, length, place, stored_integer(added->constant, (size_t)i))) {
            return false;
        }
    }
    value *value = becomes(operation, TOTAL);
    value->ngrams = ngrams;
    value->number = place;
    return true;
}

/* The hashes of buckets, and those of checks. */
static bool match_halves(reading *reading, operation *operation) {
    if (!takes_two(operation, TOTAL, CONSTANT) || operation->node->output_count != 2 ||
        !has_integer(operation, "axis", 2)) {
        return false;
    }
    const ngrams *both = operation->inputs[0]->ngrams;
    ngrams *checks = scratch(reading, 1, sizeof *checks);
    if (checks == NULL || operation->inputs[0]->number + 1 != both->longest ||
        !is_int64(operation, 1, 2, (const int64_t[]){both->longest, both->longest})) {
        return false;
    }
    *checks = *both;
    __builtin_memcpy(checks->bucket_hash, both->check_hash, sizeof checks->bucket_hash);
    *operation->outputs[0] = *operation->outputs[1] = *operation->inputs[0];
    operation->outputs[0]->kind = operation->outputs[1]->kind = HASHED;
    operation->outputs[1]->ngrams = checks;
    return true;
}

static bool match_offsets(operation *operation) {
    const value *offsets = operation->inputs[1];
    if (!takes_two(operation, HASHED, CONSTANT)) {
        return false;
    }
    ngrams *ngrams = operation->inputs[0]->ngrams;
    if (ngrams->bucket_hash[0].offset != -1 || offsets->constant->type != ELEMENT_INT32 ||
        offsets->constant->rank != 1 || offsets->constant->dims[0] != ngrams->longest) {
        return false;
    }
    for (int32_t length = 0; length < ngrams->longest; length++) {
        const int64_t offset = stored_integer(offsets->constant, (size_t)length);
        if (offset < 0) {
            return false;
        }
        ngrams->bucket_hash[length].offset = (int32_t)offset;
    }
    becomes(operation, HASHED);
    return true;
}

static bool match_modulus(operation *operation) {
    if (!takes_two(operation, HASHED, CONSTANT) || !has_integer(operation, "fmod", 0)) {
        return false;
    }
    const stored *modulus = operation->inputs[1]->constant;
    if (operation->inputs[0]->ngrams->bucket_hash[0].offset < 0 || modulus->type != ELEMENT_INT32 ||
        modulus->rank != 1 || modulus->count != 1 || stored_integer(modulus, 0) < 1) {
        return false;
    }
    becomes(operation, BUCKET)->number = (int32_t)stored_integer(modulus, 0);
    return true;
}

/* The number of each bucket, or its check. */
static bool match_table(operation *operation) {
    if (!takes_two(operation, CONSTANT, BUCKET) || !has_integer(operation, "axis", 0)) {
        return false;
    }
    stored *table = operation->inputs[0]->constant;
    if (table->rank > 2 || table->dims[0] != operation->inputs[1]->number ||
        (table->type != ELEMENT_FLOAT32 && table->type != ELEMENT_FLOAT16 &&
         table->type != ELEMENT_INT8)) {
        return false;
    }
    value *value = give(operation, FOUND, NULL);
    value->of = operation->inputs[1];
    value->constant = table;
    return true;
}

/* The same table, decoded further. */
static stored *decoded(reading *reading, operation *operation) {
    value *value = becomes(operation, FOUND);
    stored *table = scratch(reading, 1, sizeof *table);
    if (table != NULL) {
        *table = *value->constant;
        table->values = NULL;
        value->constant = table;
    }
    return table;
}

/* int8 is number * |number| * scale. */
static bool match_decoding(reading *reading, operation *operation) {
    const value *found = operation->inputs[0], *by = operation->inputs[1];
    if (found->kind != FOUND) {
        return false;
    }
    if (is(operation, "Cast") && takes_one(operation, FOUND) && !found->constant->is_decoded) {
        if (has_integer(operation, "to", DATA_INT32)) {
            becomes(operation, HELD);
            return found->constant->type == ELEMENT_INT8 && found->constant->rank == 1;
        }
        stored *table = decoded(reading, operation);
        if (table != NULL) {
            table->is_decoded = true;
        }
        return table != NULL && has_integer(operation, "to", DATA_FLOAT);
    }
    const bool is_number = found->constant->type == ELEMENT_INT8 && found->constant->is_decoded &&
                           found->constant->scales == NULL;
    if (is(operation, "Abs") && takes_one(operation, FOUND) && is_number &&
        !found->constant->is_squared && found->constant->rank == 1) {
        becomes(operation, SIZES)->of = found;
        return true;
    }
    if (!is(operation, "Mul") || !is_number) {
        return false;
    }
    stored *table = decoded(reading, operation);
    if (table == NULL) {
        return false;
    }
    if (takes_two(operation, FOUND, SIZES)) {
        table->is_squared = true;
        return by->of == found;
    }
    table->scales = by->constant;
    /* Of vectors a scale for each unit. */
    const bool has_vectors = table->rank == 2;
    table->inner = has_vectors ? 1 : table->count;
    return takes_two(operation, FOUND, CONSTANT) && found->constant->is_squared == !has_vectors &&
           by->constant->type == ELEMENT_FLOAT32 && by->constant->rank == 1 &&
           by->constant->count == (has_vectors ? (size_t)table->dims[1] : 1);
}

/* The numbers of those n-grams whose check is the bucket's. */
static bool match_counted(reading *reading, operation *operation) {
    const value *found = operation->inputs[0], *alike = operation->inputs[1];
    if (!takes_two(operation, FOUND, COUNTS) || found->constant->rank != 1 ||
        !is_weights(found->constant)) {
        return false;
    }
    ngrams *ngrams = counted_ngrams(reading, found, alike);
    if (ngrams == NULL) {
        return false;
    }
    value *value = give(operation, COUNTED, NULL);
    value->ngrams = ngrams;
    value->constant = found->constant;
    value->of = alike->of;
    return true;
}

static bool match_added(reading *reading, operation *operation) {
    const value *wide = operation->inputs[1];
    return takes_two(operation, STATE, WIDE) &&
           give_state(operation,
                      plus_ngrams(reading, operation->inputs[0]->state,
                                  &(found_ngrams){.ngrams = wide->ngrams,
                                                  .table = wide->constant,
                                                  .checks = wide->of->constant}));
}

/* The sum over the root of longest * length, as the mean times the root of length / longest. */
static bool match_sum(reading *reading, operation *operation) {
    if (is(operation, "MatMul") && takes_two(operation, SHARES, COUNTED) &&
        operation->inputs[0]->steps == NULL) {
        *operation->outputs[0] = *operation->inputs[1];
        operation->outputs[0]->kind = MEANS;
        return true;
    }
    if (is(operation, "ReduceMean") && takes_one(operation, COUNTED)) {
        becomes(operation, MEANS);
        return operation->is_one && has_integers(operation, "axes", 1, FIRST) &&
               has_integer(operation, "keepdims", 1);
    }
    if (is(operation, "ReduceSum") && takes_two(operation, MEANS, CONSTANT)) {
        becomes(operation, SUM);
        return is_int64(operation, 1, 1, SECOND) && has_integer(operation, "keepdims", 0);
    }
    if (is(operation, "Sqrt") && takes_one(operation, COUNT)) {
        becomes(operation, ROOT);
        return operation->inputs[0]->steps == NULL;
    }
    if (!is(operation, "Mul")) {
        return is(operation, "Add") && match_added(reading, operation);
    }
    if (takes_two(operation, SUM, CONSTANT)) {
        const value *sum = becomes(operation, SCALED);
        return is_number(operation->inputs[1]->constant, NGRAM_SHARES[sum->ngrams->longest - 1]);
    }
    becomes(operation, WIDE);
    return takes_two(operation, SCALED, ROOT);
}

bool match_onnx_ngrams(reading *reading, operation *operation) {
    if (is(operation, "Unsqueeze")) {
        const value *ids = operation->inputs[0];
        becomes(operation, TOKENS);
        return takes_two(operation, IDS, CONSTANT) && ids->steps == NULL &&
               is_int64(operation, 1, 1, SECOND);
    }
    if (is(operation, "Equal") && takes_two(operation, HELD, BUCKET)) {
        value *value = give(operation, ALIKE, NULL);
        value->of = operation->inputs[0];
        value->with = operation->inputs[1];
        return true;
    }
    if (is(operation, "Cast") && takes_one(operation, ALIKE)) {
        becomes(operation, COUNTS);
        return has_integer(operation, "to", DATA_FLOAT);
    }
    return (is(operation, "Pad") && match_pad(operation)) ||
           (is(operation, "Slice") && match_shift(operation)) ||
           (is(operation, "Concat") && match_grams(operation)) ||
           (is(operation, "MatMul") && match_product(reading, operation)) ||
           match_spread(operation) || (is(operation, "Mul") && match_row(operation)) ||
           (is(operation, "Split") && match_halves(reading, operation)) ||
           (is(operation, "Add") &&
            (match_offsets(operation) || match_total(reading, operation))) ||
           (is(operation, "Mod") && match_modulus(operation)) ||
           (is(operation, "Gather") && match_table(operation)) ||
           (is(operation, "Mul") && match_counted(reading, operation)) ||
           match_decoding(reading, operation) || match_sum(reading, operation);
}
