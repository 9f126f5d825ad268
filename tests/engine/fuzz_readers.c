/*
 * Reads broken copies of model files, for sanitizers to watch.
 *
 *     fuzz_readers ROUNDS SEED FILE...
 *
 * Each file is read whole, cut off at every byte of its first and last 256 and at some between,
 * and ROUNDS times with one to four changes. Prints how many copies were read, and refused as broken
 * or unsupported.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers.h"

static uint64_t state;

/* xorshift64*. Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(uint64_t below) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(2685821657736338717) >> 16) % below;
}

static void *allocate(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static void release(void *context, void *memory) {
    (void)context;
    free(memory);
}

static size_t counts[EDGERNN_BAD_CALL + 1];

/* A copy of its own size, so that a byte too far is seen. */
static void try(const uint8_t *file, size_t size) {
    uint8_t *copy = malloc(size + !size);
    memcpy(copy, file, size);
    const edgernn_allocator allocator = {allocate, release, NULL};
    arena arena = {.allocator = &allocator};
    network *network = calloc(1, sizeof *network);
    edgernn_error error;
    const int is_tflite = size >= 8 && memcmp(file + 4, "TFL3", 4) == 0;
    counts[(is_tflite ? read_tflite : read_onnx)(copy, size, &arena, network, &error)]++;
    arena_release(&arena);
    free(network);
    free(copy);
}

static void change(uint8_t *file, size_t size) {
    static const uint32_t NUMBERS[] = {
        0,    1,     2,      3,       4,          7,          16,         0x7f,
        0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    const size_t at = draw(size);
    uint32_t number = NUMBERS[draw(sizeof NUMBERS / sizeof *NUMBERS)];
    switch (draw(5)) {
    case 0: file[at] ^= (uint8_t)(1 << draw(8)); break;
    case 1: file[at] = (uint8_t)draw(256); break;
    case 2: memcpy(file + at, &number, size - at < 4 ? size - at : 4); break;
    case 3: /* an aligned number, a little more or less */
        if (size >= 8) {
            uint8_t *aligned = file + at / 4 * 4 - (at / 4 * 4 + 4 > size ? 4 : 0);
            memcpy(&number, aligned, 4);
            number += (uint32_t)draw(17) - 8;
            memcpy(aligned, &number, 4);
        }
        break;
    default: { /* bytes from elsewhere */
        const size_t from = draw(size), count = 1 + draw(32);
        const size_t most = size - (at > from ? at : from);
        memmove(file + at, file + from, count < most ? count : most);
    }
    }
}

static uint8_t *load(const char *path, size_t *size) {
    FILE *stream = fopen(path, "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    *size = (size_t)ftell(stream);
    rewind(stream);
    uint8_t *file = malloc(*size + !*size);
    if (fread(file, 1, *size, stream) != *size) {
        perror(path);
        exit(2);
    }
    fclose(stream);
    return file;
}

int main(int count, char **arguments) {
    enum { EDGE = 256, BETWEEN = 256 };
    if (count < 4) {
        fputs("fuzz_readers ROUNDS SEED FILE...\n", stderr);
        return 2;
    }
    const long rounds = atol(arguments[1]);
    state = strtoull(arguments[2], NULL, 10) * 2 + 1;
    for (int i = 3; i < count; i++) {
        size_t size;
        uint8_t *file = load(arguments[i], &size), *copy = malloc(size + !size);
        try(file, size);
        for (size_t cut = 0; cut < size; cut++) {
            if (cut < EDGE || size - cut < EDGE || cut % (size / BETWEEN + 1) == 0) {
                try(file, cut);
            }
        }
        for (long round = 0; round < rounds && size > 0; round++) {
            memcpy(copy, file, size);
            for (uint64_t changes = 1 + draw(4); changes > 0; changes--) {
                change(copy, size);
            }
            try(copy, size);
        }
        free(copy);
        free(file);
    }
    printf("%zu read, %zu broken, %zu unsupported\n", counts[EDGERNN_OK], counts[EDGERNN_BROKEN],
           counts[EDGERNN_UNSUPPORTED]);
    return 0;
}
