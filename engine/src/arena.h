/*
 * The memory of one model: blocks from the caller's allocator, all released together. Zeroed.
 */
#ifndef EDGERNN_ARENA_H
#define EDGERNN_ARENA_H

#include "../include/edgernn.h"

typedef struct arena {
    const edgernn_allocator *allocator;
    void *newest; /* a chain of blocks */
} arena;

/* `count` items of `size` bytes, aligned to 64 bytes, zeroed; NULL if there is none or the product overflows. */
void *arena_take(arena *arena, size_t count, size_t size);
void arena_release(arena *arena);

#endif
