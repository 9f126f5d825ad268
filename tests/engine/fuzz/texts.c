/*
 * The door for texts: bytes are rules, a vocabulary, and texts in all forms. What comes out are ids
 * that the rules have, no more than a text may have, and the same a second time.
 */
#include "doors.h"

size_t taken;

enum { MOST_WORDS = 40, MOST_TEXTS = 6, FIRST_BYTE = 1000, UNKNOWN = 2000, START, PADDING };

/* What is left of the input. */
typedef struct rest {
    const uint8_t *at;
    size_t size;
} rest;

static uint8_t next(rest *rest) {
    if (rest->size == 0) {
        return 0;
    }
    rest->size--;
    return *rest->at++;
}

static size_t some(rest *rest, size_t most, const uint8_t **bytes) {
    const size_t count = most < rest->size ? most : rest->size;
    *bytes = rest->at;
    rest->at += count;
    rest->size -= count;
    return count;
}

static int is_known(const edgernn_text_rules *rules, int32_t id) {
    return (id >= 0 && id < (int32_t)rules->count) || id == rules->unknown_id ||
           id == rules->start_id || (rules->padding != EDGERNN_PAD_NONE && id == PADDING) ||
           (rules->tokens == EDGERNN_SUBWORDS && id >= FIRST_BYTE && id < FIRST_BYTE + 256);
}

static void encode(const edgernn_encoder *encoder, const edgernn_text_rules *rules, rest rest) {
    int64_t offsets[MOST_TEXTS + 1] = {0}, id_offsets[MOST_TEXTS + 1];
    uint8_t forms[MOST_TEXTS];
    edgernn_told told[MOST_TEXTS];
    const size_t count = next(&rest) % (MOST_TEXTS + 1);
    size_t longest = 0, given_ids = 0;
    for (size_t text = 0; text < count; text++) {
        forms[text] = next(&rest) % 4;
        const size_t size = text + 1 == count ? SIZE_MAX : next(&rest);
        offsets[text + 1] = offsets[text] + (int64_t)(size < rest.size ? size : rest.size);
        rest.size -= (size_t)(offsets[text + 1] - offsets[text]);
        const size_t length = (size_t)(offsets[text + 1] - offsets[text]);
        longest = length > longest ? length : longest;
        given_ids |= forms[text] == EDGERNN_IDS;
    }
    const size_t bytes = (size_t)offsets[count];
    uint8_t *copy = unaligned(rest.at, bytes);
    const size_t room = edgernn_most_ids(encoder, bytes, count);
    const size_t size = edgernn_encoder_scratch_size(encoder, longest);
    int32_t *ids = malloc(room * sizeof *ids + 1), *again = malloc(room * sizeof *again + 1);
    uint8_t *scratch = malloc(size);
    edgernn_texts texts = {copy + 1, offsets, forms, count, ids, room, id_offsets, told};
    const edgernn_status status = edgernn_encode(encoder, &texts, scratch, size);
    if (status == EDGERNN_OK) {
        taken++;
        for (size_t text = 0; text < count; text++) {
            const int64_t start = id_offsets[text], end = id_offsets[text + 1];
            require(end >= start && end - start <= rules->max_length, "more ids than a text has");
            require(told[text].unknown <= told[text].tokens, "more unknown words than words");
            for (int64_t at = start; at < end && !given_ids; at++) {
                require(is_known(rules, ids[at]), "an id that no rule gives");
            }
        }
        texts.ids = again;
        memset(scratch, 0xa5, size);
        require(edgernn_encode(encoder, &texts, scratch, size) == EDGERNN_OK, "not a second time");
        require(memcmp(ids, again, (size_t)id_offsets[count] * sizeof *ids) == 0, "other ids");
    } else {
        require(status == EDGERNN_BAD_CALL, "another status");
    }
    free(scratch);
    free(again);
    free(ids);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rest rest = {data, size};
    uint8_t becomes[256], is_deleted[256] = {0};
    for (int32_t byte = 0; byte < 256; byte++) {
        becomes[byte] = (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
    }
    const uint8_t flags = next(&rest), more = next(&rest);
    becomes[next(&rest)] = next(&rest);
    is_deleted[next(&rest)] = more & 1;
    int64_t offsets[MOST_WORDS + 1] = {0};
    int32_t ids[MOST_WORDS];
    const uint8_t *words;
    const size_t count = next(&rest) % (MOST_WORDS + 1);
    for (size_t word = 0; word < count; word++) {
        const uint8_t length = next(&rest);
        ids[word] = length & 0x80 ? EDGERNN_STOP_WORD : (int32_t)word;
        offsets[word + 1] = offsets[word] + (length & 0x1f);
    }
    const size_t given = some(&rest, (size_t)offsets[count], &words);
    if (given < (size_t)offsets[count]) {
        return 0;
    }
    uint8_t *vocabulary = unaligned(words, given);
    edgernn_text_rules rules = {
        .tokens = flags & 1 ? EDGERNN_SUBWORDS : EDGERNN_WORDS,
        .becomes = becomes,
        .is_deleted = is_deleted,
        .breaks_are_spaces = flags & 2,
        .vocabulary = vocabulary + 1,
        .offsets = offsets,
        .ids = ids,
        .count = count,
        .unknown_id = flags & 4 ? UNKNOWN : EDGERNN_NO_ID,
        .start_id = flags & 8 ? START : EDGERNN_NO_ID,
        .first_byte_id = FIRST_BYTE,
        .max_length = 1 + (more >> 1) % 12,
        .cut = flags & 16 ? EDGERNN_CUT_START : EDGERNN_CUT_END,
        .padding = (edgernn_padding)((flags >> 5) % 3),
        .padding_id = PADDING,
    };
    if (rules.tokens == EDGERNN_SUBWORDS) {
        /* It leaves out no subword. */
        for (size_t word = 0; word < count; word++) {
            ids[word] = (int32_t)word;
        }
    }
    memory memory = {.left = MOST_MEMORY};
    const edgernn_allocator allocator = {allocate, release, &memory};
    edgernn_encoder *encoder;
    edgernn_error error;
    if (edgernn_open_encoder(&rules, &allocator, &encoder, &error) == EDGERNN_OK) {
        encode(encoder, &rules, rest);
        edgernn_close_encoder(encoder);
    }
    require(memory.blocks == 0, "memory is left");
    free(vocabulary);
    return 0;
}
