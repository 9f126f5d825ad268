/*
 * What both doors' programs share. Each gives LLVMFuzzerTestOneInput: libFuzzer calls it with bytes
 * of its own making, replay.c with those of files.
 */
#ifndef EDGERNN_DOORS_H
#define EDGERNN_DOORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../engine/include/edgernn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many inputs were no error. */
extern size_t taken;

/* More memory than any seed takes, and so little that hostile sizes find none. */
enum { MOST_MEMORY = 32 << 20 };

typedef struct memory {
    size_t left;
    long blocks; /* how many are allocated */
} memory;

static inline void *allocate(void *context, size_t size) {
    memory *memory = context;
    if (size > memory->left) {
        return NULL;
    }
    memory->left -= size;
    memory->blocks++;
    return malloc(size);
}

static inline void release(void *context, void *block) {
    ((memory *)context)->blocks--;
    free(block);
}

/* Ends the program where something does not hold. */
static inline void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* A copy of its own size at an odd address, so that a byte too far and an aligned read are seen. */
static inline uint8_t *unaligned(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size + 1);
    if (size > 0) {
        memcpy(copy + 1, data, size);
    }
    return copy;
}

#endif
