#include "arena.h"

enum { ALIGNMENT = 64 };

/* Stands at the start of each block, which what is taken follows. */
typedef struct block {
    void *before;
} block;

void *arena_take(arena *arena, size_t count, size_t size) {
    const size_t around = sizeof(block) + ALIGNMENT;
    if (size != 0 && count > (SIZE_MAX / 2 - around) / size) {
        return NULL;
    }
    const size_t taken = count * size;
    block *block = arena->allocator->allocate(arena->allocator->context, around + taken);
    if (block == NULL) {
        return NULL;
    }
    block->before = arena->newest;
    arena->newest = block;
    const uintptr_t start = (uintptr_t)(block + 1) + ALIGNMENT - 1;
    void *memory = (void *)(start - start % ALIGNMENT);
    __builtin_memset(memory, 0, taken);
    return memory;
}

void arena_release(arena *arena) {
    while (arena->newest != NULL) {
        block *block = arena->newest;
        arena->newest = block->before;
        arena->allocator->release(arena->allocator->context, block);
    }
}
