#include "ngrams.h"

#include "failure.h"

/*
 * The remainder of a number below 2^31 by multiplication.
 * Source: Granlund and Montgomery, "Division by Invariant Integers using Multiplication", 1994,
 * theorem 4.2: with l = ceil(log2 d) and m = ceil(2^(31 + l) / d), n / d = n m >> (31 + l).
 */
static divisor divisor_of(uint32_t number) {
    uint32_t log = 0;
    while (((uint64_t)1 << log) < number) {
        log++;
    }
    const uint32_t shift = 31 + log;
    const uint64_t power = (uint64_t)1 << shift;
    return (divisor){number, (uint32_t)((power + number - 1) / number), shift};
}

static inline uint32_t remainder_of(uint32_t number, const divisor *by) {
    const uint32_t quotient = (uint32_t)(((uint64_t)number * by->factor) >> by->shift);
    return number - quotient * by->divisor;
}

/* The largest hash of `length` ids is an int32, and nothing in it is negative. */
static bool fits(const ngram_hash *hash, int32_t length, int32_t ids) {
    int64_t largest = hash->offset;
    bool fits = hash->offset >= 0;
    for (int32_t place = 0; place < length; place++) {
        fits = fits && hash->multipliers[place] >= 0;
        largest += (int64_t)(ids - 1) * hash->multipliers[place];
        fits = fits && largest <= INT32_MAX;
    }
    return fits;
}

edgernn_status ngrams_prepare(const ngrams *ngrams, int32_t ids, arena *arena, ngrams_plan *plan,
                              edgernn_error *error) {
    *plan = (ngrams_plan){.ngrams = *ngrams};
    if (ngrams->longest == 0) {
        return EDGERNN_OK;
    }
    if (ngrams->longest < 0 || ngrams->longest > MAX_NGRAM || ngrams->buckets < 1 ||
        ngrams->checks < 1) {
        return failed(error, EDGERNN_UNSUPPORTED, "n-grams of unusual sizes");
    }
    for (int32_t length = 1; length <= ngrams->longest; length++) {
        if (!fits(&ngrams->bucket_hash[length - 1], length, ids) ||
            !fits(&ngrams->check_hash[length - 1], length, ids)) {
            return failed(error, EDGERNN_UNSUPPORTED, "hashes of n-grams do not fit into int32");
        }
    }
    const size_t buckets = (size_t)ngrams->buckets;
    float *table = arena_take(arena, buckets, sizeof(float));
    int8_t *checks = arena_take(arena, buckets, sizeof(int8_t));
    if (table == NULL || checks == NULL) {
        return failed(error, EDGERNN_NO_MEMORY, "no memory for the n-grams");
    }
    __builtin_memcpy(table, ngrams->table, buckets * sizeof(float));
    __builtin_memcpy(checks, ngrams->check_table, buckets);
    plan->ngrams.table = table;
    plan->ngrams.check_table = checks;
    plan->buckets = divisor_of((uint32_t)ngrams->buckets);
    plan->checks = divisor_of((uint32_t)ngrams->checks);
    return EDGERNN_OK;
}

static inline uint32_t hash_of(const ngram_hash *hash, const int32_t *last, size_t known) {
    uint32_t sum = (uint32_t)hash->offset;
    for (size_t place = 0; place < known; place++) {
        sum += (uint32_t)last[-(ptrdiff_t)place] * (uint32_t)hash->multipliers[place];
    }
    return sum;
}

float ngrams_logit(const ngrams_plan *plan, const int32_t *ids, size_t count) {
    const ngrams *ngrams = &plan->ngrams;
    /* Of float64, so that the order of the sum hardly matters. */
    double sum = 0;
    for (size_t at = 0; at < count; at++) {
        for (int32_t length = 1; length <= ngrams->longest; length++) {
            /* Ids before the text are thought to be 0. */
            const size_t known = at + 1 < (size_t)length ? at + 1 : (size_t)length;
            const uint32_t bucket = remainder_of(
                hash_of(&ngrams->bucket_hash[length - 1], ids + at, known), &plan->buckets);
            const uint32_t check = remainder_of(
                hash_of(&ngrams->check_hash[length - 1], ids + at, known), &plan->checks);
            if (ngrams->check_table[bucket] == (int32_t)check) {
                sum += (double)ngrams->table[bucket];
            }
        }
    }
    return (float)(sum / __builtin_sqrt((double)ngrams->longest * (double)count));
}
