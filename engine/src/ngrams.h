/*
 * The linear model over hashed n-grams of ids that adds to a text's logit; see edgernn/ngrams.py.
 */
#ifndef EDGERNN_NGRAMS_H
#define EDGERNN_NGRAMS_H

#include "arena.h"
#include "network.h"

/* Remainders by a product and a shift. */
typedef struct divisor {
    uint32_t divisor, factor, shift;
} divisor;

typedef struct ngrams_plan {
    ngrams ngrams;
    divisor buckets, checks;
} ngrams_plan;

/* Check the n-grams of a network and copy their tables; `ids`: how many there are. */
edgernn_status ngrams_prepare(const ngrams *ngrams, int32_t ids, arena *arena, ngrams_plan *plan,
                              edgernn_error *error);

/* What they add to the logit of a text of `count` ids. */
float ngrams_logit(const ngrams_plan *plan, const int32_t *ids, size_t count);

#endif
