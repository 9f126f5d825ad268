/*
 * edgernn: scores texts with the recurrent classifiers that edgernn exports.
 *
 * Two doors. `edgernn_open` takes the bytes of a model file (.onnx or .tflite), checks them, and
 * refuses every graph that it does not know exactly: a foreign graph never runs. `edgernn_score`
 * takes the ids of texts and gives probabilities. How a text becomes ids is the text contract in
 * the same file, which the languages' own libraries read (docs/contract.md).
 *
 * C11 without a dependency: no library but a compiler's built-in memcpy and memset, no global
 * state, no allocation but through the caller's allocator while a file is opened. A model is
 * read-only once it is open: any number of threads may score with it, each with scratch memory of
 * its own. The bytes may be released once `edgernn_open` has returned.
 */
#ifndef EDGERNN_H
#define EDGERNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define EDGERNN_API __declspec(dllexport)
#else
#define EDGERNN_API __attribute__((visibility("default")))
#endif

typedef struct edgernn_model edgernn_model;

typedef enum edgernn_status {
    EDGERNN_OK = 0,
    EDGERNN_BROKEN,      /* the bytes are no sound file of their format */
    EDGERNN_UNSUPPORTED, /* a sound file whose graph this engine does not run */
    EDGERNN_NO_MEMORY,   /* the allocator gave none */
    EDGERNN_BAD_CALL     /* arguments that make no sense: an id outside the table, an empty text */
} edgernn_status;

/* What is wrong, in one line, for people. Always ends with a zero. */
typedef struct edgernn_error {
    char message[256];
} edgernn_error;

/* `allocate` returns memory aligned for any type, or NULL; `release` takes what it returned. */
typedef struct edgernn_allocator {
    void *(*allocate)(void *context, size_t size);
    void (*release)(void *context, void *memory);
    void *context;
} edgernn_allocator;

/* Which instructions the arithmetic uses. AUTO is the best that the processor has. */
typedef enum edgernn_level {
    EDGERNN_LEVEL_AUTO = 0,
    EDGERNN_LEVEL_PLAIN, /* 128-bit vectors: SSE2, NEON, wasm simd; what the target always has */
    EDGERNN_LEVEL_AVX2,
    EDGERNN_LEVEL_AVX512
} edgernn_level;

/*
 * Open a model file of `size` bytes. `error` may be NULL. On success `*model` is to be given to
 * `edgernn_close`; otherwise it is NULL and nothing is left allocated.
 */
EDGERNN_API edgernn_status edgernn_open(const void *file, size_t size, edgernn_level level,
                                        const edgernn_allocator *allocator, edgernn_model **model,
                                        edgernn_error *error);

EDGERNN_API void edgernn_close(edgernn_model *model);

/* Probabilities that a text has: 1 for two labels (that of the second), else one a label. */
EDGERNN_API int32_t edgernn_outputs(const edgernn_model *model);

/* Ids that may be given are below this. */
EDGERNN_API int32_t edgernn_vocabulary_size(const edgernn_model *model);

/* The level that really runs. */
EDGERNN_API edgernn_level edgernn_level_of(const edgernn_model *model);

/* Ids that a text has at least: 1, unless a convolution or a pooling reads more at once. */
EDGERNN_API size_t edgernn_shortest_text(const edgernn_model *model);

/*
 * Bytes of scratch memory for texts that together have so many ids. A call of `edgernn_score` needs
 * that of its longest text; with that of some thousand ids it is fastest, where a network has layers
 * that read what another layer gives for each id. Otherwise it is the same for any number.
 */
EDGERNN_API size_t edgernn_scratch_size(const edgernn_model *model, size_t ids);

/*
 * Score `count` texts. The ids of text i are ids[offsets[i]] to ids[offsets[i + 1] - 1]; there are
 * count + 1 offsets. `probabilities` takes count * edgernn_outputs(model) floats. A text's
 * probabilities do not depend on the texts beside it, bit for bit.
 *
 * Returns EDGERNN_BAD_CALL, with nothing written, for a text that is empty or shorter than
 * `edgernn_shortest_text`, an id that is negative or not below the vocabulary's size, offsets that
 * fall, or too little scratch memory.
 */
EDGERNN_API edgernn_status edgernn_score(const edgernn_model *model, const int32_t *ids,
                                         const int64_t *offsets, size_t count,
                                         float *probabilities, void *scratch, size_t scratch_size);

#ifdef __cplusplus
}
#endif

#endif
