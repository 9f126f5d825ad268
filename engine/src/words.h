/*
 * Words: where they are in a text, and a table of their ids.
 */
#ifndef EDGERNN_WORDS_H
#define EDGERNN_WORDS_H

#include "arena.h"
#include "vocabulary.h"

#include <stdbool.h>

/* Bytes behind a text that are written to find its last word. */
enum { WORD_BORDERS = 64 };

typedef struct word_table word_table;

/* NULL, with the reason said, where there is no memory or keys fall on one place. */
const word_table *make_word_table(arena *arena, const vocabulary *vocabulary, edgernn_status *status);

/* The id of a word; EDGERNN_NO_ID if it has none. 16 bytes from its start on can be read. */
int32_t word_id(const word_table *table, const uint8_t *word, size_t size);

/* The ids of words by their borders. `ids` may be the memory of `borders`. */
void word_ids(const word_table *table, const uint8_t *text, const uint32_t *borders, size_t count,
              int32_t *ids);

/*
 * Where words begin and end, one after the other: [size + 2] numbers at most. Writes spaces into
 * WORD_BORDERS bytes behind the text. Returns the number of words.
 */
size_t find_words(uint8_t *text, size_t size, uint32_t *borders);

#endif
