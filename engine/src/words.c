#include "words.h"

enum { KEY = 16 }; /* bytes of a word that are compared at once */

typedef struct word {
    uint64_t low, high; /* its first bytes, zeros behind */
    uint32_t size;
    int32_t id;
    const uint8_t *rest; /* what is behind them */
} word;

/* Open addressing with linear probing. Words stand in the order of the vocabulary, in which the
 * frequent ones share cache lines. */
struct word_table {
    uint32_t shift;
    size_t mask;
    const uint32_t *slots; /* numbers of words, from 1 on; 0: free */
    const word *words;
};

static uint64_t read_8(const uint8_t *from) {
    uint64_t number;
    __builtin_memcpy(&number, from, sizeof number);
    return number;
}

/* From KEY - n on: n bytes that are kept of KEY. */
static const uint8_t KEPT[2 * KEY] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* A word as a key, without branches: words are of all lengths in turn. */
static inline word key_of(const uint8_t *bytes, size_t size) {
    const uint8_t *kept = KEPT + KEY - (size < KEY ? size : KEY);
    return (word){
        .low = read_8(bytes) & read_8(kept),
        .high = read_8(bytes + 8) & read_8(kept + 8),
        .size = (uint32_t)size,
        .rest = bytes + KEY,
    };
}

static size_t hash_of(const word_table *table, const word *key) {
    return (size_t)((key->low * MIXED_LOW ^ (key->high + key->size) * MIXED_HIGH) >> table->shift);
}

static bool same_word(const word *a, const word *b) {
    return a->low == b->low && a->high == b->high && a->size == b->size &&
           (a->size <= KEY || __builtin_memcmp(a->rest, b->rest, a->size - KEY) == 0);
}

int32_t word_id(const word_table *table, const uint8_t *bytes, size_t size) {
    const word key = key_of(bytes, size);
    for (size_t slot = hash_of(table, &key);; slot = (slot + 1) & table->mask) {
        const uint32_t number = table->slots[slot];
        if (number == 0) {
            return EDGERNN_NO_ID;
        }
        if (same_word(&table->words[number - 1], &key)) {
            return table->words[number - 1].id;
        }
    }
}

void word_ids(const word_table *table, const uint8_t *text, const uint32_t *borders, size_t count,
              int32_t *ids) {
    for (size_t at = 0; at < count; at++) {
        const uint32_t start = borders[2 * at], end = borders[2 * at + 1];
        ids[at] = word_id(table, text + start, end - start);
    }
}

/* Put a word where it is found first; false: after too many others. */
static bool insert(const word_table *table, uint32_t *slots, uint32_t number) {
    size_t slot = hash_of(table, &table->words[number - 1]);
    for (int32_t probe = 0; probe < MOST_PROBES; probe++) {
        if (slots[slot] == 0) {
            slots[slot] = number;
            return true;
        }
        slot = (slot + 1) & table->mask;
    }
    return false;
}

const word_table *make_word_table(arena *arena, const vocabulary *vocabulary,
                                  edgernn_status *status) {
    /* At least four places for each word: hardly one is looked for twice. */
    uint32_t bits = 3;
    while (((size_t)1 << bits) < 4 * vocabulary->count) {
        bits++;
    }
    const size_t size = (size_t)vocabulary->offsets[vocabulary->count];
    word_table *table = arena_take(arena, 1, sizeof *table);
    uint32_t *slots = arena_take(arena, (size_t)1 << bits, sizeof *slots);
    word *words = arena_take(arena, vocabulary->count, sizeof *words);
    uint8_t *bytes = arena_take(arena, size + KEY, 1);
    *status = EDGERNN_NO_MEMORY;
    if (table == NULL || slots == NULL || words == NULL || bytes == NULL) {
        return NULL;
    }
    *table = (word_table){64 - bits, ((size_t)1 << bits) - 1, slots, words};
    if (size > 0) {
        __builtin_memcpy(bytes, vocabulary->bytes, size);
    }
    *status = EDGERNN_UNSUPPORTED;
    for (size_t at = 0; at < vocabulary->count; at++) {
        const size_t start = (size_t)vocabulary->offsets[at];
        const size_t length = (size_t)vocabulary->offsets[at + 1] - start;
        words[at] = key_of(bytes + start, length);
        words[at].id = vocabulary->ids[at];
        if (length == 0 || !insert(table, slots, (uint32_t)at + 1)) {
            return NULL;
        }
    }
    *status = EDGERNN_OK;
    return table;
}

/* A bit for each of 8 bytes that is no space, the first the lowest. */
static uint64_t no_spaces(const uint8_t *bytes) {
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f), spaces = UINT64_C(0x2020202020202020);
    const uint64_t differ = read_8(bytes) ^ spaces;
    /* The highest bit of each byte that is not 0; no sum reaches the next byte. */
    const uint64_t set = (((differ & low) + low) | differ) & ~low;
    /* Bit 7 of byte i moves to bit 56 + i, and no two bits to one place. */
    return (set >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

size_t find_words(uint8_t *text, size_t size, uint32_t *borders) {
    uint32_t *const first = borders;
    uint64_t before = 0;
    __builtin_memset(text + size, ' ', WORD_BORDERS);
    for (size_t at = 0; at <= size; at += 64) {
        uint64_t in_words = 0;
        for (size_t part = 0; part < 8 && at + 8 * part <= size; part++) {
            in_words |= no_spaces(text + at + 8 * part) << 8 * part;
        }
        uint64_t changes = in_words ^ (in_words << 1 | before);
        before = in_words >> 63;
        for (; changes != 0; changes &= changes - 1) {
            *borders++ = (uint32_t)at + (uint32_t)__builtin_ctzll(changes);
        }
    }
    return (size_t)(borders - first) / 2;
}
