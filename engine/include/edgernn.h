/*
 * edgernn: scores texts with the recurrent classifiers that edgernn exports.
 *
 * Two doors. `edgernn_open` takes the bytes of a model file (.onnx or .tflite), checks them, and
 * refuses every graph that it does not know exactly: a foreign graph never runs. `edgernn_score`
 * takes the ids of texts and gives probabilities. How a text becomes ids is the text contract in
 * the same file, which the languages' own libraries read (docs/contract.md). They may give what is
 * frequent in it to `edgernn_open_encoder`: `edgernn_score_texts` then takes the bytes of texts.
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

typedef struct edgernn_encoder edgernn_encoder;

typedef enum edgernn_tokens { EDGERNN_WORDS = 0, EDGERNN_SUBWORDS } edgernn_tokens;
typedef enum edgernn_cut { EDGERNN_CUT_END = 0, EDGERNN_CUT_START } edgernn_cut;
typedef enum edgernn_padding {
    EDGERNN_PAD_NONE = 0, EDGERNN_PAD_START, EDGERNN_PAD_END
} edgernn_padding;

enum { EDGERNN_NO_ID = -1, EDGERNN_STOP_WORD = -2 };

/*
 * What of a text contract makes ids of most texts, as data. Nothing of it is kept but copies.
 *
 * Normalization is a table of bytes; with `breaks_are_spaces`, `<br>`, `<br/>` and `<br />` in any
 * case are a space first. Of words, the table also makes a space of whatever ends one.
 */
typedef struct edgernn_text_rules {
    edgernn_tokens tokens;
    const uint8_t *becomes;    /* [256]: what becomes of a byte of a raw text */
    const uint8_t *is_deleted; /* [256]: not 0 where nothing becomes of it */
    int32_t breaks_are_spaces;
    /* Word or subword i is vocabulary[offsets[i]] to vocabulary[offsets[i + 1] - 1]. */
    const uint8_t *vocabulary;
    const int64_t *offsets; /* [count + 1] */
    const int32_t *ids;     /* [count]; EDGERNN_STOP_WORD: the word is left out */
    size_t count;
    int32_t unknown_id;    /* of words; EDGERNN_NO_ID: unknown ones are left out */
    int32_t start_id;      /* in front of every text; EDGERNN_NO_ID: none */
    int32_t first_byte_id; /* of subwords: the ids of single bytes are this one and the next 255 */
    int32_t max_length;
    edgernn_cut cut;
    edgernn_padding padding;
    int32_t padding_id;
} edgernn_text_rules;

/* How the bytes of a text are to be read. */
typedef enum edgernn_form {
    EDGERNN_RAW = 0, /* ASCII, or whatever encoding of one byte a character the table is for */
    EDGERNN_NORMAL,  /* of words: UTF-8 in which spaces, and they alone, end words; of subwords:
                        UTF-8, then as many bytes of ASCII, letters where a word's characters are */
    EDGERNN_IDS      /* ids, int32 each, cut and padded already */
} edgernn_form;

/* What ids do not show; see EncodedTexts in edgernn/text/encoded.py. */
typedef struct edgernn_told {
    int32_t tokens;    /* those that ids were looked for of, as far as the text is not cut off */
    int32_t unknown;   /* those among them that the vocabulary lacks */
    int32_t truncated; /* not 0: the text has more tokens than are kept */
} edgernn_told;

/*
 * Make an encoder; `error` may be NULL. EDGERNN_UNSUPPORTED: a vocabulary that would have to be
 * searched for too long, which none is but one made for it.
 */
EDGERNN_API edgernn_status edgernn_open_encoder(const edgernn_text_rules *rules,
                                                const edgernn_allocator *allocator,
                                                edgernn_encoder **encoder, edgernn_error *error);

EDGERNN_API void edgernn_close_encoder(edgernn_encoder *encoder);

/* Most ids that `count` texts of so many bytes together may have; SIZE_MAX: too many to count. */
EDGERNN_API size_t edgernn_most_ids(const edgernn_encoder *encoder, size_t bytes, size_t count);

/* Bytes of scratch memory for texts of so many bytes at most; SIZE_MAX: too many. */
EDGERNN_API size_t edgernn_encoder_scratch_size(const edgernn_encoder *encoder, size_t longest);

/* Where the texts are that are encoded, and what becomes of them. */
typedef struct edgernn_texts {
    const uint8_t *bytes; /* text i: bytes[offsets[i]] to bytes[offsets[i + 1] - 1] */
    const int64_t *offsets; /* [count + 1] */
    const uint8_t *forms;   /* [count], each an edgernn_form */
    size_t count;
    int32_t *ids; /* with room for edgernn_most_ids */
    size_t room;
    int64_t *id_offsets; /* [count + 1] */
    edgernn_told *told;  /* [count]; of texts given as ids all 0 */
} edgernn_texts;

/*
 * Encode texts. EDGERNN_BAD_CALL: offsets that fall, no such form, too little memory, or a text
 * of more than INT32_MAX bytes.
 */
EDGERNN_API edgernn_status edgernn_encode(const edgernn_encoder *encoder,
                                          const edgernn_texts *texts, void *scratch,
                                          size_t scratch_size);

/* Encode texts, then score those that have ids; the probabilities of the others are 0. */
EDGERNN_API edgernn_status edgernn_score_texts(const edgernn_model *model,
                                               const edgernn_encoder *encoder,
                                               const edgernn_texts *texts, float *probabilities,
                                               void *scratch, size_t scratch_size);

#ifdef __cplusplus
}
#endif

#endif
