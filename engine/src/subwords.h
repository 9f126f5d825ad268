/*
 * Subwords of a text: TFDS's SubwordTextEncoder, as edgernn/text/subwords.py has it.
 */
#ifndef EDGERNN_SUBWORDS_H
#define EDGERNN_SUBWORDS_H

#include "arena.h"
#include "vocabulary.h"

#include <stdbool.h>

/* A space that belongs to the word before it; no byte of UTF-8. Bytes behind a text that are read. */
enum { TAKEN_SPACE = 0xff, SUBWORD_BORDERS = 16 };

typedef struct subwords subwords;

/* NULL, with the reason said, where there is no memory or keys fall on one place. */
const subwords *make_subwords(arena *arena, const vocabulary *vocabulary, int32_t first_byte_id,
                              edgernn_status *status);

/*
 * The ids of a text, or more than `most` of its beginning: [size] numbers at most. `classes` are
 * bytes of ASCII, letters where a word's characters are, and may be the text. Changes spaces of it.
 * SUBWORD_BORDERS bytes behind the text can be read. Returns the number of ids.
 */
size_t subword_ids(const subwords *subwords, uint8_t *text, const uint8_t *classes, size_t size,
                   size_t most, int32_t *ids);

/* Whether an id is the byte of a letter, or of what is outside ASCII. */
bool is_spelled(const subwords *subwords, int32_t id);

#endif
