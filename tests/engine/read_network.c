/*
 * Gives tests the network that a reader makes of a file; its memory comes from C's own allocator.
 */
#include <stdlib.h>
#include <string.h>

#include "readers.h"

typedef struct found {
    network network;
    arena arena;
    edgernn_allocator allocator;
    edgernn_status status;
    edgernn_error error;
    size_t until; /* allocations until there are no more; of the tests that memory runs out */
} found;

static void *allocate(void *context, size_t size) {
    found *found = context;
    if (found->until == 0) {
        return NULL;
    }
    found->until--;
    return malloc(size);
}

static void release(void *context, void *memory) {
    (void)context;
    free(memory);
}

EDGERNN_API size_t size_of_network(void) { return sizeof(network); }

/* Read a copy of its own size, so that reading beyond the end is seen. */
EDGERNN_API found *read_network(const uint8_t *file, size_t size, int is_onnx, size_t allocations) {
    found *found = calloc(1, sizeof *found);
    uint8_t *copy = malloc(size);
    if (size > 0) {
        memcpy(copy, file, size);
    }
    found->until = allocations;
    found->allocator = (edgernn_allocator){allocate, release, found};
    found->arena.allocator = &found->allocator;
    found->status = (is_onnx ? read_onnx : read_tflite)(copy, size, &found->arena, &found->network,
                                                        &found->error);
    free(copy);
    return found;
}

EDGERNN_API int status_of(const found *found) { return found->status; }

EDGERNN_API const char *message_of(const found *found) { return found->error.message; }

EDGERNN_API void release_network(found *found) {
    arena_release(&found->arena);
    free(found);
}
