#include "subwords.h"

#include "words.h"

enum { ROOT = 0 };

/* Subwords byte by byte: an edge leads from a node over a byte to the next node. */
struct subwords {
    const word_table *whole; /* most words of a text are one subword */
    int32_t first_byte_id;
    uint32_t shift;
    size_t mask;
    uint64_t *edges; /* node * 256 + byte + 1; 0: free. Open addressing with linear probing. */
    uint32_t *nodes; /* that edges lead to */
    int32_t *ids;    /* by node; EDGERNN_NO_ID: no subword ends there */
};

static bool is_word_character(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= 'a' && byte <= 'z');
}

bool is_spelled(const subwords *subwords, int32_t id) {
    const int32_t byte = id - subwords->first_byte_id, letter = byte | 0x20;
    return byte >= 0 && (byte >= 128 || (letter >= 'a' && letter <= 'z'));
}

/* Where an edge stands, or the free place where it would; SIZE_MAX: after too many others. */
static size_t place_of(const subwords *subwords, uint64_t edge) {
    size_t place = (size_t)(edge * MIXED_LOW >> subwords->shift);
    for (int32_t probe = 0; probe < MOST_PROBES; probe++) {
        if (subwords->edges[place] == edge || subwords->edges[place] == 0) {
            return place;
        }
        place = (place + 1) & subwords->mask;
    }
    return SIZE_MAX;
}

static uint64_t edge_of(uint32_t node, uint8_t byte) { return (uint64_t)node * 256 + byte + 1; }

/* A space behind a word is an underscore in the vocabulary. */
static uint8_t byte_at(const uint8_t *subword, size_t size, size_t at) {
    return at + 1 == size && subword[at] == '_' ? TAKEN_SPACE : subword[at];
}

static bool add(const subwords *subwords, const uint8_t *subword, size_t size, int32_t id,
                uint32_t *count) {
    uint32_t node = ROOT;
    for (size_t at = 0; at < size; at++) {
        const uint64_t edge = edge_of(node, byte_at(subword, size, at));
        const size_t place = place_of(subwords, edge);
        if (place == SIZE_MAX) {
            return false;
        }
        if (subwords->edges[place] == 0) {
            subwords->edges[place] = edge;
            subwords->nodes[place] = (*count)++;
        }
        node = subwords->nodes[place];
    }
    subwords->ids[node] = id;
    return true;
}

/* The table of whole subwords, as they stand in a text. */
static const word_table *make_whole(arena *arena, const vocabulary *vocabulary,
                                    edgernn_status *status) {
    struct vocabulary whole = *vocabulary;
    const size_t size = (size_t)vocabulary->offsets[vocabulary->count];
    uint8_t *bytes = arena_take(arena, size, 1);
    if (bytes == NULL) {
        *status = EDGERNN_NO_MEMORY;
        return NULL;
    }
    for (size_t at = 0; at < vocabulary->count; at++) {
        const size_t start = (size_t)vocabulary->offsets[at];
        const size_t length = (size_t)vocabulary->offsets[at + 1] - start;
        for (size_t byte = 0; byte < length; byte++) {
            bytes[start + byte] = byte_at(vocabulary->bytes + start, length, byte);
        }
    }
    whole.bytes = bytes;
    return make_word_table(arena, &whole, status);
}

const subwords *make_subwords(arena *arena, const vocabulary *vocabulary, int32_t first_byte_id,
                              edgernn_status *status) {
    const size_t size = (size_t)vocabulary->offsets[vocabulary->count];
    uint32_t bits = 3;
    while (((size_t)1 << bits) < 2 * size) {
        bits++;
    }
    subwords *made = arena_take(arena, 1, sizeof *made);
    uint64_t *edges = arena_take(arena, (size_t)1 << bits, sizeof *edges);
    uint32_t *nodes = arena_take(arena, (size_t)1 << bits, sizeof *nodes);
    int32_t *ids = arena_take(arena, size + 1, sizeof *ids);
    const word_table *whole = make_whole(arena, vocabulary, status);
    if (whole == NULL) {
        return NULL;
    }
    *status = EDGERNN_NO_MEMORY;
    if (made == NULL || edges == NULL || nodes == NULL || ids == NULL) {
        return NULL;
    }
    *made = (subwords){whole, first_byte_id, 64 - bits, ((size_t)1 << bits) - 1, edges, nodes, ids};
    for (size_t node = 0; node <= size; node++) {
        ids[node] = EDGERNN_NO_ID;
    }
    uint32_t count = ROOT + 1;
    *status = EDGERNN_UNSUPPORTED;
    for (size_t at = 0; at < vocabulary->count; at++) {
        const size_t start = (size_t)vocabulary->offsets[at];
        const size_t length = (size_t)vocabulary->offsets[at + 1] - start;
        if (!add(made, vocabulary->bytes + start, length, vocabulary->ids[at], &count)) {
            return NULL;
        }
    }
    *status = EDGERNN_OK;
    return made;
}

/* Cut a unit greedily into the longest subwords; returns how many, at most its bytes. */
static size_t cut(const subwords *subwords, const uint8_t *unit, size_t size, int32_t *ids) {
    size_t count = 0;
    const int32_t whole = word_id(subwords->whole, unit, size);
    if (whole != EDGERNN_NO_ID) {
        ids[0] = whole;
        return 1;
    }
    for (size_t at = 0; at < size;) {
        const uint8_t byte = unit[at] == TAKEN_SPACE ? ' ' : unit[at];
        int32_t id = subwords->first_byte_id + byte;
        size_t longest = 1;
        uint32_t node = ROOT;
        for (size_t length = 1; at + length <= size; length++) {
            const size_t place = place_of(subwords, edge_of(node, unit[at + length - 1]));
            if (place == SIZE_MAX || subwords->edges[place] == 0) {
                break;
            }
            node = subwords->nodes[place];
            if (subwords->ids[node] != EDGERNN_NO_ID) {
                id = subwords->ids[node];
                longest = length;
            }
        }
        ids[count++] = id;
        at += longest;
    }
    return count;
}

size_t subword_ids(const subwords *subwords, uint8_t *text, const uint8_t *classes, size_t size,
                   size_t most, int32_t *ids) {
    size_t count = 0;
    for (size_t start = 0, end; start < size && count <= most; start = end) {
        const bool in_word = is_word_character(classes[start]);
        for (end = start + 1; end < size && is_word_character(classes[end]) == in_word;) {
            end++;
        }
        const bool is_alone = end + 1 >= size || is_word_character(classes[end + 1]);
        if (in_word && end < size && text[end] == ' ' && is_alone) {
            text[end++] = TAKEN_SPACE;
        }
        count += cut(subwords, text + start, end - start, ids + count);
    }
    return count;
}
