/*
 * What both formats' n-grams have in common; see edgernn/ngrams.py.
 */
#include "state.h"

const float NGRAM_SHARES[MAX_NGRAM] = {1.0f,        0.70710678f, 0.57735027f, 0.5f,
                                       0.44721360f, 0.40824829f, 0.37796447f, 0.35355339f};

const float NGRAM_ROOTS[MAX_NGRAM] = {1.0f,        1.41421356f, 1.73205081f, 2.0f,
                                      2.23606798f, 2.44948974f, 2.64575131f, 2.82842712f};

bool set_multiplier(ngram_hash *hash, int32_t length, int32_t place, int64_t multiplier) {
    hash->multipliers[place] = (int32_t)multiplier;
    return place > length ? multiplier == 0 : multiplier > 0;
}

/* Whether no hash of numbers below `ids` overflows int32. */
static bool is_hashable(const ngram_hash *hashes, int32_t longest, int32_t ids) {
    for (int32_t length = 0; length < longest; length++) {
        int64_t largest = hashes[length].offset;
        for (int32_t place = 0; place < longest; place++) {
            largest += (int64_t)(ids - 1) * hashes[length].multipliers[place];
        }
        if (hashes[length].offset < 0 || largest > INT32_MAX) {
            return false;
        }
    }
    return true;
}

ngrams *with_checks(reading *reading, const ngrams *hashed, int32_t buckets,
                    const ngrams *checked, int32_t checks) {
    if (checked->longest != hashed->longest || checked->modulus != hashed->modulus ||
        checked->factor != hashed->factor) {
        return NULL;
    }
    ngrams *both = scratch(reading, 1, sizeof *both);
    if (both != NULL) {
        *both = *hashed;
        both->buckets = buckets;
        both->checks = checks;
        __builtin_memcpy(both->check_hash, checked->bucket_hash, sizeof both->check_hash);
    }
    return both;
}

const state *plus_ngrams(reading *reading, const state *before, const found_ngrams *found) {
    const ngrams *ngrams = found->ngrams;
    const state *first = before;
    const bool has_kernel = found->kernel.of != NULL;
    const size_t outputs = has_kernel ? found->kernel.count[2] : 1;
    while (first->of != NULL) {
        first = first->of;
    }
    const int32_t modulus = ngrams->modulus, most = first->layer.embedding.ids;
    const int32_t ids = modulus == 0 ? most : modulus;
    if (modulus != 0 && ((int64_t)(most - 1) * ngrams->factor > INT32_MAX ||
                         (int64_t)(modulus - 1) * ngrams->factor > INT32_MAX)) {
        return NULL;
    }
    if ((size_t)before->features != outputs || before->rank > 2 ||
        found->table->rank != (has_kernel ? 2 : 1) ||
        (has_kernel && found->kernel.count[1] != (size_t)found->table->dims[1]) ||
        !is_hashable(ngrams->bucket_hash, ngrams->longest, ids) ||
        !is_hashable(ngrams->check_hash, ngrams->longest, ids)) {
        return NULL;
    }
    state *state = after(reading, before, MADE_NGRAMS);
    if (state != NULL) {
        state->ngrams = ngrams;
        state->first = found->table;
        state->second = found->checks;
        state->kernel = found->kernel;
    }
    return state;
}
