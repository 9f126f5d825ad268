/*
 * The door for JavaScript, which has no function pointers to give an allocator by.
 *
 * A model lives in an instance of its own, whose memory goes with it. So nothing is ever released:
 * what an opening takes is stacked, and the caller has all memory behind for ids and scratch.
 */
#include "edgernn.h"

enum { ALIGNMENT = 64, PAGE = 1 << 16 };

extern unsigned char __heap_base;

static size_t taken;

/* Memory behind what was taken last; NULL where the browser gives none. */
EDGERNN_API void *edgernn_take(size_t size);
EDGERNN_API edgernn_status edgernn_open_alone(const void *file, size_t size, edgernn_model **model,
                                              edgernn_error *error);

void *edgernn_take(size_t size) {
    const size_t before = taken > 0 ? taken : (size_t)&__heap_base;
    const size_t start = (before + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t end, whole;
    if (__builtin_add_overflow(start, size, &end) ||
        __builtin_add_overflow(end, (size_t)PAGE - 1, &whole)) {
        return NULL;
    }
    const size_t pages = __builtin_wasm_memory_size(0);
    if (whole / PAGE > pages && __builtin_wasm_memory_grow(0, whole / PAGE - pages) == SIZE_MAX) {
        return NULL;
    }
    taken = end;
    return (void *)start;
}

static void *allocate(void *context, size_t size) {
    (void)context;
    return edgernn_take(size);
}

static void release(void *context, void *memory) {
    (void)context;
    (void)memory;
}

edgernn_status edgernn_open_alone(const void *file, size_t size, edgernn_model **model,
                                  edgernn_error *error) {
    const edgernn_allocator allocator = {allocate, release, NULL};
    return edgernn_open(file, size, EDGERNN_LEVEL_AUTO, &allocator, model, error);
}
