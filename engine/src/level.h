/*
 * What each level of instructions offers: one source, level.c, compiled once for each.
 */
#ifndef EDGERNN_LEVEL_H
#define EDGERNN_LEVEL_H

#include "arena.h"
#include "network.h"

typedef struct plan plan;

typedef struct level {
    /* Make a plan of a network, with weights of its own. */
    edgernn_status (*prepare)(const network *network, arena *arena, plan **plan,
                              edgernn_error *error);
    /* Fewest ids of a text. */
    size_t (*shortest)(const plan *plan);
    size_t (*scratch_size)(const plan *plan, size_t tokens);
    /* Score texts that are known to be sound. */
    edgernn_status (*score)(const plan *plan, const int32_t *ids, const int64_t *offsets,
                            size_t count, float *probabilities, void *scratch, size_t scratch_size);
} level;

extern const level level_plain;
#if defined(__x86_64__)
extern const level level_avx2, level_avx512;
#endif

/* The best level that the processor has. */
edgernn_level best_level(void);

#endif
