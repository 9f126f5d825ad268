/*
 * The words or subwords of a vocabulary, with their ids, as the caller gives them.
 */
#ifndef EDGERNN_VOCABULARY_H
#define EDGERNN_VOCABULARY_H

#include "../include/edgernn.h"

typedef struct vocabulary {
    const uint8_t *bytes;
    const int64_t *offsets;
    const int32_t *ids;
    size_t count;
} vocabulary;

/* A hash table is searched for at most so many places; more are needed only of keys made for it. */
enum { MOST_PROBES = 64 };

/* Odd numbers with well mixed bits. Source: Steele, Lea and Flood, SplitMix64, 2014. */
#define MIXED_LOW UINT64_C(0x9e3779b97f4a7c15)
#define MIXED_HIGH UINT64_C(0xbf58476d1ce4e5b9)

#endif
