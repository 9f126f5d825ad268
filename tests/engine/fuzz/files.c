/*
 * The door for files: bytes are opened as a model, and some texts scored with what opens. A score is
 * the same alone, and calls that make no sense are refused.
 */
#include "doors.h"

size_t taken;

enum { TEXTS = 5, MORE_IDS = 9 };

/* Whether scores are the same bits. Of a file whose numbers are not finite they are no numbers, and
 * which of the many that a processor has for that may hang on the order of a sum. */
static int same(const float *first, const float *second, size_t count) {
    for (size_t at = 0; at < count; at++) {
        const int no_numbers = first[at] != first[at] && second[at] != second[at];
        if (!no_numbers && memcmp(first + at, second + at, sizeof *first) != 0) {
            return 0;
        }
    }
    return 1;
}

static void score(const edgernn_model *model) {
    const size_t shortest = edgernn_shortest_text(model), outputs = (size_t)edgernn_outputs(model);
    const int32_t ids_there = edgernn_vocabulary_size(model);
    int64_t offsets[TEXTS + 1] = {0};
    for (size_t text = 0; text < TEXTS; text++) {
        offsets[text + 1] = offsets[text] + (int64_t)(shortest + text * 13 % MORE_IDS);
    }
    const size_t tokens = (size_t)offsets[TEXTS];
    if (shortest > 1000 || outputs > 4096) {
        return;
    }
    int32_t *ids = malloc(tokens * sizeof *ids);
    for (size_t at = 0; at < tokens; at++) {
        ids[at] = (int32_t)(at * 7919 % (size_t)ids_there);
    }
    float *together = malloc(TEXTS * outputs * sizeof(float)), *alone = malloc(outputs * sizeof(float));
    const size_t size = edgernn_scratch_size(model, tokens);
    uint8_t *scratch = size < MOST_MEMORY ? malloc(size) : NULL;
    if (scratch != NULL) {
        require(edgernn_score(model, ids, offsets, TEXTS, together, scratch, size) == EDGERNN_OK,
                "texts are not scored");
        for (size_t text = 0; text < TEXTS; text++) {
            require(edgernn_score(model, ids, offsets + text, 1, alone, scratch, size) == EDGERNN_OK,
                    "a text is not scored alone");
            require(same(alone, together + text * outputs, outputs), "alone a text has other scores");
        }
        ids[tokens / 2] = ids_there;
        require(edgernn_score(model, ids, offsets, TEXTS, together, scratch, size) ==
                    EDGERNN_BAD_CALL, "an id that there is not");
        ids[tokens / 2] = 0;
        const int64_t falling[] = {(int64_t)tokens, 0};
        require(edgernn_score(model, ids, falling, 1, alone, scratch, size) == EDGERNN_BAD_CALL,
                "offsets that fall");
        require(edgernn_score(model, ids, offsets, 1, alone, scratch, 0) == EDGERNN_BAD_CALL,
                "no scratch memory");
    }
    free(scratch);
    free(alone);
    free(together);
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *copy = unaligned(data, size);
    for (edgernn_level level = EDGERNN_LEVEL_PLAIN; level <= EDGERNN_LEVEL_AVX512; level++) {
        memory memory = {.left = MOST_MEMORY};
        const edgernn_allocator allocator = {allocate, release, &memory};
        edgernn_model *model;
        edgernn_error error;
        const edgernn_status status =
            edgernn_open(copy + 1, size, level, &allocator, &model, &error);
        require((status == EDGERNN_OK) == (model != NULL), "a model and an error");
        if (status != EDGERNN_OK) {
            require(memory.blocks == 0, "memory is left of what did not open");
            require(memchr(error.message, 0, sizeof error.message) != NULL, "a line without end");
            break; /* a level that there is not, or no model on any level */
        }
        taken++;
        score(model);
        edgernn_close(model);
        require(memory.blocks == 0, "memory is left of a model");
    }
    free(copy);
    return 0;
}
