#include "model.h"

#include "failure.h"

/* The code of a level, AUTO being the best; NULL if this processor has it not. */
static const level *code_of(edgernn_level *level) {
    const edgernn_level best = best_level();
    if (*level == EDGERNN_LEVEL_AUTO) {
        *level = best;
    }
    if ((unsigned)*level > (unsigned)best) {
        return NULL;
    }
    switch (*level) {
#if defined(__x86_64__)
    case EDGERNN_LEVEL_AVX2: return &level_avx2;
#if !defined(EDGERNN_SMALL)
    case EDGERNN_LEVEL_AVX512: return &level_avx512;
#endif
#endif
    default: return &level_plain;
    }
}

edgernn_status open_network(const network *network, edgernn_level level,
                            const edgernn_allocator *allocator, edgernn_model **made,
                            edgernn_error *error) {
    *made = NULL;
    const struct level *code = code_of(&level);
    if (code == NULL) {
        return failed(error, EDGERNN_UNSUPPORTED, "the processor does not have this level");
    }
    edgernn_model *model = allocator->allocate(allocator->context, sizeof *model);
    if (model == NULL) {
        return failed(error, EDGERNN_NO_MEMORY, "no memory for the model");
    }
    *model = (edgernn_model){.allocator = *allocator, .level = level, .code = code};
    model->arena.allocator = &model->allocator;
    const edgernn_status status = code->prepare(network, &model->arena, &model->plan, error);
    if (status != EDGERNN_OK) {
        edgernn_close(model);
        return status;
    }
    model->ids = network->layers[0].embedding.ids;
    model->outputs = network->outputs;
    model->shortest = code->shortest(model->plan);
    *made = model;
    return EDGERNN_OK;
}

void edgernn_close(edgernn_model *model) {
    if (model != NULL) {
        const edgernn_allocator allocator = model->allocator;
        arena_release(&model->arena);
        allocator.release(allocator.context, model);
    }
}

int32_t edgernn_outputs(const edgernn_model *model) { return model->outputs; }

int32_t edgernn_vocabulary_size(const edgernn_model *model) { return model->ids; }

edgernn_level edgernn_level_of(const edgernn_model *model) { return model->level; }

size_t edgernn_shortest_text(const edgernn_model *model) { return model->shortest; }

size_t edgernn_scratch_size(const edgernn_model *model, size_t tokens) {
    return model->code->scratch_size(model->plan, tokens);
}

/* Whether all that the texts are read by makes sense. */
static bool is_sound(const edgernn_model *model, const int32_t *ids, const int64_t *offsets,
                     size_t count) {
    if (offsets[0] < 0) {
        return false;
    }
    for (size_t text = 0; text < count; text++) {
        if (offsets[text + 1] <= offsets[text] ||
            (uint64_t)(offsets[text + 1] - offsets[text]) < model->shortest) {
            return false;
        }
    }
    uint32_t largest = 0;
    for (int64_t at = offsets[0]; at < offsets[count]; at++) {
        const uint32_t id = (uint32_t)ids[at];
        largest = id > largest ? id : largest;
    }
    return largest < (uint32_t)model->ids;
}

edgernn_status edgernn_score(const edgernn_model *model, const int32_t *ids, const int64_t *offsets,
                             size_t count, float *probabilities, void *scratch,
                             size_t scratch_size) {
    if (count == 0) {
        return EDGERNN_OK;
    }
    if (!is_sound(model, ids, offsets, count)) {
        return EDGERNN_BAD_CALL;
    }
    return model->code->score(model->plan, ids, offsets, count, probabilities, scratch,
                              scratch_size);
}
