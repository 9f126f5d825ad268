/*
 * Names as they stand in a file: bytes that no zero ends.
 */
#ifndef EDGERNN_TEXT_H
#define EDGERNN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct text {
    const uint8_t *at;
    size_t size;
} text;

static inline bool same_text(text a, text b) {
    return a.size == b.size && (a.size == 0 || __builtin_memcmp(a.at, b.at, a.size) == 0);
}

static inline text text_of(const char *words) {
    return (text){(const uint8_t *)words, __builtin_strlen(words)};
}

static inline bool is_text(text name, const char *words) { return same_text(name, text_of(words)); }

#endif
