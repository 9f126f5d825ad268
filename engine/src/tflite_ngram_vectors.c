/*
 * N-grams that have a vector a bucket in a TFLite graph: their sum goes through a kernel, which has
 * the scales of int8 vectors in it.
 */
#include "tflite_match.h"

/* Whether each n-gram's check is alike, beside its vector: [tokens, longest, 1]. */
static bool match_counts(reading *reading, operation *operation) {
    if (!takes_two(operation, COUNTS, CONSTANT) || !has_options(reading, operation, 0, 0)) {
        return false;
    }
    const value *bucket = becomes(operation, COUNTS_EACH)->of->of;
    return is_int32(operation, 1, 1, 3, (const int64_t[]){-1, bucket->ngrams->longest, 1});
}

/* The vectors of those n-grams whose check is the bucket's: [tokens, longest, units]. */
static bool match_vectors(reading *reading, operation *operation) {
    const value *found = operation->inputs[0], *alike = operation->inputs[1];
    if (!takes_two(operation, FOUND, COUNTS_EACH) || found->constant->rank != 2 ||
        !found->constant->is_decoded ||
        !has_fused_none(reading, operation, OPTIONS_MUL, 1)) {
        return false;
    }
    ngrams *ngrams = counted_ngrams(reading, found, alike);
    value *value = give(operation, VECTORS);
    value->ngrams = ngrams;
    value->constant = found->constant;
    value->of = alike->of;
    return ngrams != NULL;
}

/* The sum of all. */
static bool match_sum(reading *reading, operation *operation) {
    becomes(operation, VECTOR);
    return takes_two(operation, VECTORS, CONSTANT) &&
           has_options(reading, operation, OPTIONS_REDUCER, 1) &&
           option(reading, operation, 0, 1) == 0 &&
           is_int32(operation, 1, 1, 2, (const int64_t[]){0, 1});
}

/* The product with the kernel [outputs, units], without a bias. */
static bool match_kernel(reading *reading, operation *operation) {
    const value *weights = operation->inputs[1];
    const size_t inputs = operation->operator->input_count;
    if ((inputs != 2 && (inputs != 3 || operation->inputs[2]->kind != NOTHING)) ||
        operation->inputs[0]->kind != ROOTED || weights->kind != CONSTANT ||
        !has_fused_none(reading, operation, OPTIONS_FULLY_CONNECTED, 5) ||
        option(reading, operation, 1, 1) != 0 || option(reading, operation, 4, 1) != 0) {
        return false;
    }
    becomes(operation, LOGITS)->with = weights;
    return weights->constant->is_decoded && weights->constant->rank == 2;
}

static bool match_added(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, LOGITS) || !has_fused_none(reading, operation, OPTIONS_ADD, 2)) {
        return false;
    }
    const value *added = operation->inputs[1];
    stored *kernel = added->with->constant;
    const size_t units = (size_t)kernel->dims[1], outputs = (size_t)kernel->dims[0];
    const found_ngrams found = {
        .ngrams = added->ngrams,
        .table = added->constant,
        .checks = added->of->constant,
        .kernel = {kernel, 0, {1, units, outputs}, {0, 1, units}},
    };
    return give_state(operation, plus_ngrams(reading, operation->inputs[0]->state, &found));
}

bool match_tflite_ngram_vectors(reading *reading, operation *operation) {
    switch (operation->operator->code) {
    case OP_RESHAPE: return match_counts(reading, operation);
    case OP_SUM: return match_sum(reading, operation);
    case OP_MUL:
        if (match_vectors(reading, operation)) {
            return true;
        }
        becomes(operation, ROOTED);
        return takes_two(operation, VECTOR, ROOT) &&
               has_fused_none(reading, operation, OPTIONS_MUL, 1);
    case OP_FULLY_CONNECTED: return match_kernel(reading, operation);
    case OP_ADD: return match_added(reading, operation);
    default: return false;
    }
}
