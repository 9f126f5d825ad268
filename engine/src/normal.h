/*
 * Normalization of raw texts: one table of bytes, and HTML's line breaks.
 */
#ifndef EDGERNN_NORMAL_H
#define EDGERNN_NORMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct normal {
    uint8_t becomes[256];
    uint8_t kept[256]; /* 1, or 0 where nothing becomes of a byte */
    bool breaks_are_spaces;
} normal;

/* Normalize `size` bytes into as much memory; returns how many are left. */
size_t normalize(const normal *normal, const uint8_t *text, size_t size, uint8_t *to);

#endif
