/*
 * The linear model over hashed n-grams of ids that adds to a text's logits; see edgernn/ngrams.py.
 */
#ifndef EDGERNN_NGRAMS_H
#define EDGERNN_NGRAMS_H

#include "arena.h"
#include "failure.h"
#include "network.h"

enum { TOKENS_AT_ONCE = 64 };

/* Remainders by a product and a shift. */
typedef struct divisor {
    uint32_t divisor, factor, shift;
} divisor;

typedef struct ngrams_plan {
    ngrams ngrams;
    const uint32_t *spread; /* [ids]: what an id is hashed as; or NULL: as it is */
    divisor buckets, checks;
} ngrams_plan;

/*
 * The remainder of a number below 2^31 by multiplication.
 * Source: Granlund and Montgomery, "Division by Invariant Integers using Multiplication", 1994,
 * theorem 4.2: with l = ceil(log2 d) and m = ceil(2^(31 + l) / d), n / d = n m >> (31 + l).
 */
static divisor divisor_of(int32_t number) {
    uint32_t log = 0;
    while (((uint64_t)1 << log) < (uint64_t)number) {
        log++;
    }
    const uint32_t shift = 31 + log, by = (uint32_t)number;
    const uint64_t power = (uint64_t)1 << shift;
    return (divisor){by, (uint32_t)((power + by - 1) / by), shift};
}

static inline uint32_t remainder_of(uint32_t number, divisor by) {
    return number - (uint32_t)(((uint64_t)number * by.factor) >> by.shift) * by.divisor;
}

/* The largest hash of `length` numbers is an int32, and nothing in it is negative. */
static bool fits(const ngram_hash *hash, int32_t length, int32_t largest_number) {
    int64_t largest = hash->offset;
    bool fits = hash->offset >= 0;
    for (int32_t place = 0; place < length; place++) {
        fits = fits && hash->multipliers[place] >= 0;
        largest += (int64_t)largest_number * hash->multipliers[place];
        fits = fits && largest <= INT32_MAX;
    }
    return fits;
}

/* What each id is hashed as, where that is not the id itself; NULL if there is no memory for it. */
static const uint32_t *spread_of(const ngrams *ngrams, int32_t ids, arena *arena) {
    const uint64_t factor = (uint64_t)ngrams->factor, modulus = (uint64_t)ngrams->modulus;
    uint32_t *spread = arena_take(arena, (size_t)ids, sizeof *spread);
    for (int32_t id = 0; spread != NULL && id < ids; id++) {
        spread[id] = (uint32_t)((uint64_t)id * factor % modulus * factor % modulus);
    }
    return spread;
}

/* Check the n-grams of a network and copy their tables; `ids`, `outputs`: how many there are. */
static edgernn_status prepare_ngrams(const ngrams *ngrams, int32_t ids, int32_t outputs,
                                     arena *arena, ngrams_plan *plan, edgernn_error *error) {
    if (ngrams->longest == 0) {
        return EDGERNN_OK;
    }
    if (ngrams->longest < 0 || ngrams->longest > MAX_NGRAM || ngrams->buckets < 1 ||
        ngrams->checks < 1 || ngrams->factor < 0 || ngrams->modulus < 0 || ngrams->units < 1 ||
        ngrams->units > MAX_NGRAM_UNITS ||
        (ngrams->kernel == NULL && (ngrams->units != 1 || outputs != 1))) {
        return failed(error, EDGERNN_UNSUPPORTED, "n-grams of unusual sizes");
    }
    const int32_t largest = ngrams->modulus == 0 ? ids - 1 : ngrams->modulus - 1;
    for (int32_t length = 1; length <= ngrams->longest; length++) {
        if (!fits(&ngrams->bucket_hash[length - 1], length, largest) ||
            !fits(&ngrams->check_hash[length - 1], length, largest)) {
            return failed(error, EDGERNN_UNSUPPORTED, "hashes of n-grams do not fit into int32");
        }
    }
    const size_t buckets = (size_t)ngrams->buckets, units = (size_t)ngrams->units;
    const size_t products = ngrams->kernel == NULL ? 0 : units * (size_t)outputs;
    float *table = arena_take(arena, buckets, units * sizeof(float));
    float *kernel = arena_take(arena, products, sizeof(float));
    int8_t *checks = arena_take(arena, buckets, sizeof(int8_t));
    if (ngrams->modulus > 0) {
        plan->spread = spread_of(ngrams, ids, arena);
    }
    if (table == NULL || kernel == NULL || checks == NULL ||
        (ngrams->modulus > 0 && plan->spread == NULL)) {
        return failed(error, EDGERNN_NO_MEMORY, "no memory for the n-grams");
    }
    __builtin_memcpy(table, ngrams->table, buckets * units * sizeof(float));
    if (products > 0) {
        __builtin_memcpy(kernel, ngrams->kernel, products * sizeof(float));
    }
    __builtin_memcpy(checks, ngrams->check_table, buckets);
    plan->ngrams = *ngrams;
    plan->ngrams.table = table;
    plan->ngrams.kernel = products > 0 ? kernel : NULL;
    plan->ngrams.check_table = checks;
    plan->buckets = divisor_of(ngrams->buckets);
    plan->checks = divisor_of(ngrams->checks);
    return EDGERNN_OK;
}

/* The hashes of the n-grams that end at each of TOKENS_AT_ONCE numbers. */
static void hash_all(const ngram_hash *hash, int32_t length, const uint32_t *numbers, divisor by,
                     uint32_t *hashes) {
    for (int32_t at = 0; at < TOKENS_AT_ONCE; at++) {
        hashes[at] = (uint32_t)hash->offset;
    }
    for (int32_t place = 0; place < length; place++) {
        const uint32_t multiplier = (uint32_t)hash->multipliers[place];
        for (int32_t at = 0; at < TOKENS_AT_ONCE; at++) {
            hashes[at] += numbers[at - place] * multiplier;
        }
    }
    for (int32_t at = 0; at < TOKENS_AT_ONCE; at++) {
        hashes[at] = remainder_of(hashes[at], by);
    }
}

/*
 * Add up the numbers of the n-grams that end at some tokens, and whose check is the bucket's. Of
 * float64, so that the order of the sum hardly matters.
 */
static void add_up(const ngrams *ngrams, const uint32_t *buckets, const uint32_t *checks,
                   size_t tokens, double *sums) {
    const size_t units = (size_t)ngrams->units;
    /* First which ones count, without branches, which nobody could foresee. */
    uint32_t counted[TOKENS_AT_ONCE];
    size_t count = 0;
    for (size_t at = 0; at < tokens; at++) {
        counted[count] = buckets[at];
        count += ngrams->check_table[buckets[at]] == (int32_t)checks[at];
    }
    for (size_t at = 0; at < count; at++) {
        const float *numbers = ngrams->table + counted[at] * units;
        for (size_t unit = 0; unit < units; unit++) {
            sums[unit] += (double)numbers[unit];
        }
    }
}

/*
 * Add to the logits of a text of `count` ids what its n-grams give. Not inlined: a function with
 * more than a page on the stack calls one of Windows' C library, which is not linked.
 */
static __attribute__((noinline)) void add_ngrams(const ngrams_plan *plan, const int32_t *ids,
                                                 size_t count, int32_t outputs, float *logits) {
    const ngrams *ngrams = &plan->ngrams;
    /* Those before the numbers that are hashed, then these; before the text all are 0. */
    uint32_t numbers[MAX_NGRAM + TOKENS_AT_ONCE] = {0};
    double sums[MAX_NGRAM_UNITS];
    __builtin_memset(sums, 0, (size_t)ngrams->units * sizeof *sums);
    for (size_t first = 0; first < count; first += TOKENS_AT_ONCE) {
        const size_t left = count - first;
        const size_t tokens = left < TOKENS_AT_ONCE ? left : TOKENS_AT_ONCE;
        __builtin_memmove(numbers, numbers + TOKENS_AT_ONCE, MAX_NGRAM * sizeof *numbers);
        for (size_t at = 0; at < tokens; at++) {
            const uint32_t id = (uint32_t)ids[first + at];
            numbers[MAX_NGRAM + at] = plan->spread == NULL ? id : plan->spread[id];
        }
        for (int32_t length = 1; length <= ngrams->longest; length++) {
            uint32_t buckets[TOKENS_AT_ONCE], checks[TOKENS_AT_ONCE];
            hash_all(&ngrams->bucket_hash[length - 1], length, numbers + MAX_NGRAM, plan->buckets,
                     buckets);
            hash_all(&ngrams->check_hash[length - 1], length, numbers + MAX_NGRAM, plan->checks,
                     checks);
            add_up(ngrams, buckets, checks, tokens, sums);
        }
    }
    const double longest = ngrams->kernel == NULL ? (double)ngrams->longest : 1;
    const double root = __builtin_sqrt(longest * (double)count);
    for (int32_t unit = 0; unit < ngrams->units; unit++) {
        const float number = (float)(sums[unit] / root);
        for (int32_t at = 0; at < outputs; at++) {
            logits[at] += ngrams->kernel == NULL ? number : number * ngrams->kernel[unit * outputs + at];
        }
    }
}

#endif
