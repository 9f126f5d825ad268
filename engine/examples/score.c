/*
 * Scores one text, given as ids: score MODEL ID...
 *
 * The ids of a text are the text contract's, which the model file carries (docs/contract.md).
 *
 *     cc score.c -L. -l:libedgernn.so -o score
 */
#include <stdio.h>
#include <stdlib.h>

#include "../include/edgernn.h"

static void *take(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static void give_back(void *context, void *memory) {
    (void)context;
    free(memory);
}

/* All bytes of a file; NULL if it cannot be read. */
static void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    const long end = ftell(file);
    void *bytes = end < 0 ? NULL : malloc((size_t)end);
    *size = (size_t)end;
    rewind(file);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: score MODEL ID...\n");
        return 2;
    }
    size_t size;
    void *bytes = read_file(arguments[1], &size);
    if (bytes == NULL) {
        fprintf(stderr, "%s: cannot be read\n", arguments[1]);
        return 1;
    }
    const edgernn_allocator allocator = {.allocate = take, .release = give_back};
    edgernn_model *model;
    edgernn_error error;
    const edgernn_status opened =
        edgernn_open(bytes, size, EDGERNN_LEVEL_AUTO, &allocator, &model, &error);
    free(bytes);
    if (opened != EDGERNN_OK) {
        fprintf(stderr, "%s: %s\n", arguments[1], error.message);
        return 1;
    }
    const size_t tokens = (size_t)count - 2;
    const int64_t offsets[] = {0, (int64_t)tokens};
    const size_t outputs = (size_t)edgernn_outputs(model);
    const size_t scratch_size = edgernn_scratch_size(model, tokens);
    int32_t *ids = malloc(tokens * sizeof *ids);
    float *probabilities = malloc(outputs * sizeof *probabilities);
    void *scratch = malloc(scratch_size);
    edgernn_status scored = EDGERNN_NO_MEMORY;
    if (ids != NULL && probabilities != NULL && scratch != NULL) {
        for (size_t at = 0; at < tokens; at++) {
            ids[at] = (int32_t)strtol(arguments[at + 2], NULL, 10);
        }
        scored = edgernn_score(model, ids, offsets, 1, probabilities, scratch, scratch_size);
    }
    if (scored == EDGERNN_OK) {
        for (size_t at = 0; at < outputs; at++) {
            printf("%.9g\n", (double)probabilities[at]);
        }
    } else {
        fprintf(stderr, "these ids cannot be scored\n");
    }
    free(scratch);
    free(probabilities);
    free(ids);
    edgernn_close(model);
    return scored == EDGERNN_OK ? 0 : 1;
}
