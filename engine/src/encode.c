/*
 * The door for texts: their bytes become ids by the rules of a contract.
 */
#include "failure.h"
#include "normal.h"
#include "subwords.h"
#include "words.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "bytes are read as numbers of little-endian order"
#endif

enum { BEHIND = WORD_BORDERS, ALIGNMENT = 4 };

struct edgernn_encoder {
    edgernn_allocator allocator;
    arena arena;
    edgernn_text_rules rules; /* without what it points to */
    normal normal;
    bool looks_at_all; /* some words are left out, so how many are needed shows only then */
    const word_table *words;
    const subwords *subwords;
};

/* What is known of a text while it is encoded. */
typedef struct kept {
    size_t count; /* of ids */
    edgernn_told told;
} kept;

static bool is_sound(const edgernn_text_rules *rules) {
    bool sound = rules->max_length >= 1 && rules->count < INT32_MAX && rules->offsets[0] == 0;
    for (size_t at = 0; sound && at < rules->count; at++) {
        sound = rules->offsets[at] < rules->offsets[at + 1];
    }
    return sound && rules->offsets[rules->count] < INT32_MAX / 4;
}

edgernn_status edgernn_open_encoder(const edgernn_text_rules *rules,
                                    const edgernn_allocator *allocator, edgernn_encoder **made,
                                    edgernn_error *error) {
    *made = NULL;
    if (!is_sound(rules)) {
        return failed(error, EDGERNN_BAD_CALL, "the rules for texts make no sense");
    }
    edgernn_encoder *encoder = allocator->allocate(allocator->context, sizeof *encoder);
    if (encoder == NULL) {
        return failed(error, EDGERNN_NO_MEMORY, "no memory for the encoder");
    }
    *encoder = (edgernn_encoder){.allocator = *allocator, .rules = *rules};
    encoder->arena.allocator = &encoder->allocator;
    encoder->looks_at_all = rules->unknown_id == EDGERNN_NO_ID;
    encoder->normal.breaks_are_spaces = rules->breaks_are_spaces != 0;
    for (int32_t byte = 0; byte < 256; byte++) {
        encoder->normal.becomes[byte] = rules->becomes[byte];
        encoder->normal.kept[byte] = rules->is_deleted[byte] == 0;
    }
    for (size_t at = 0; at < rules->count; at++) {
        encoder->looks_at_all |= rules->ids[at] == EDGERNN_STOP_WORD;
    }
    const vocabulary vocabulary = {rules->vocabulary, rules->offsets, rules->ids, rules->count};
    edgernn_status status = EDGERNN_OK;
    if (rules->tokens == EDGERNN_WORDS) {
        encoder->words = make_word_table(&encoder->arena, &vocabulary, &status);
    } else {
        encoder->subwords =
            make_subwords(&encoder->arena, &vocabulary, rules->first_byte_id, &status);
    }
    if (status != EDGERNN_OK) {
        edgernn_close_encoder(encoder);
        return failed(error, status,
                      status == EDGERNN_NO_MEMORY ? "no memory for the vocabulary"
                                                  : "the vocabulary takes too long to search");
    }
    *made = encoder;
    return EDGERNN_OK;
}

void edgernn_close_encoder(edgernn_encoder *encoder) {
    if (encoder != NULL) {
        const edgernn_allocator allocator = encoder->allocator;
        arena_release(&encoder->arena);
        allocator.release(allocator.context, encoder);
    }
}

size_t edgernn_most_ids(const edgernn_encoder *encoder, size_t bytes, size_t count) {
    size_t whole, some;
    if (__builtin_mul_overflow(count, (size_t)encoder->rules.max_length, &whole) ||
        __builtin_add_overflow(bytes, 2 * count, &some)) {
        return SIZE_MAX;
    }
    return encoder->rules.padding != EDGERNN_PAD_NONE || whole < some ? whole : some;
}

/* Normalized bytes, then a number for each and two more. */
size_t edgernn_encoder_scratch_size(const edgernn_encoder *encoder, size_t longest) {
    (void)encoder;
    return longest > INT32_MAX ? SIZE_MAX
                               : 2 * ALIGNMENT + longest + BEHIND + (longest + 2) * sizeof(int32_t);
}

/*
 * Keep ids of words, from the first or from the last on, until no more have room. Words that are
 * left out count as unknown where they stand among what is kept. The last ones come first.
 */
static kept keep_words(const edgernn_encoder *encoder, const int32_t *found, size_t words,
                       bool has_more, int32_t *ids) {
    const edgernn_text_rules *rules = &encoder->rules;
    const bool from_start = rules->cut == EDGERNN_CUT_END;
    const size_t before = rules->start_id != EDGERNN_NO_ID;
    const size_t room = (size_t)rules->max_length - (from_start ? before : 0);
    kept kept = {.told.truncated = has_more};
    edgernn_told passed = {0}; /* words without an id since the last that was kept */
    for (size_t at = 0; at < words; at++) {
        const int32_t id = found[from_start ? at : words - 1 - at];
        if (id == EDGERNN_STOP_WORD) {
            continue;
        }
        passed.tokens++;
        passed.unknown += id == EDGERNN_NO_ID;
        if (id == EDGERNN_NO_ID && rules->unknown_id == EDGERNN_NO_ID) {
            continue;
        }
        if (kept.count == room) {
            kept.told.truncated = true;
            return kept;
        }
        ids[kept.count++] = id == EDGERNN_NO_ID ? rules->unknown_id : id;
        kept.told.tokens += passed.tokens;
        kept.told.unknown += passed.unknown;
        passed = (edgernn_told){0};
    }
    if (before && kept.count == (size_t)rules->max_length) {
        kept.told.truncated = true;
    }
    if (!kept.told.truncated) {
        kept.told.tokens += passed.tokens;
        kept.told.unknown += passed.unknown;
    }
    return kept;
}

static void reverse(int32_t *ids, size_t count) {
    for (size_t at = 0; at < count / 2; at++) {
        const int32_t id = ids[at];
        ids[at] = ids[count - 1 - at];
        ids[count - 1 - at] = id;
    }
}

/* The words of a normalized text; `borders` has room for their borders and ids. */
static kept encode_words(const edgernn_encoder *encoder, uint8_t *text, size_t size,
                         uint32_t *borders, int32_t *ids) {
    const edgernn_text_rules *rules = &encoder->rules;
    const bool from_start = rules->cut == EDGERNN_CUT_END;
    const size_t before = rules->start_id != EDGERNN_NO_ID, all = find_words(text, size, borders);
    const size_t most = (size_t)rules->max_length;
    const size_t looked_at = encoder->looks_at_all || all < most ? all : most;
    const size_t first = from_start ? 0 : all - looked_at;
    int32_t *found = (int32_t *)borders;
    word_ids(encoder->words, text, borders + 2 * first, looked_at, found);
    const bool at_start = from_start && before;
    kept kept = keep_words(encoder, found, looked_at, looked_at < all, ids + at_start);
    if (!from_start) {
        if (before && !kept.told.truncated) {
            ids[kept.count++] = rules->start_id;
        }
        reverse(ids, kept.count);
    } else if (before) {
        ids[0] = rules->start_id;
        kept.count++;
    }
    return kept;
}

static kept encode_subwords(const edgernn_encoder *encoder, uint8_t *text, const uint8_t *classes,
                            size_t size, int32_t *found, int32_t *ids) {
    const size_t most = (size_t)encoder->rules.max_length;
    const bool from_start = encoder->rules.cut == EDGERNN_CUT_END;
    const size_t all = subword_ids(encoder->subwords, text, classes, size,
                                   from_start ? most : SIZE_MAX, found);
    kept kept = {.count = all < most ? all : most, .told.truncated = all > most};
    const int32_t *chosen = found + (from_start ? 0 : all - kept.count);
    for (size_t at = 0; at < kept.count; at++) {
        ids[at] = chosen[at];
        kept.told.unknown += is_spelled(encoder->subwords, chosen[at]);
    }
    kept.told.tokens = (int32_t)kept.count;
    return kept;
}

/* Fill up to the longest input, where there is an id at all. */
static size_t pad(const edgernn_text_rules *rules, int32_t *ids, size_t count) {
    const size_t length = (size_t)rules->max_length;
    if (rules->padding == EDGERNN_PAD_NONE || count == 0) {
        return count;
    }
    const size_t missing = length - count;
    const bool at_start = rules->padding == EDGERNN_PAD_START;
    if (at_start) {
        __builtin_memmove(ids + missing, ids, count * sizeof *ids);
    }
    for (size_t at = 0; at < missing; at++) {
        ids[at_start ? at : count + at] = rules->padding_id;
    }
    return length;
}

/* Most ids that are written for a text. */
static size_t most_of(const edgernn_encoder *encoder, size_t size) {
    return edgernn_most_ids(encoder, size, 1);
}

/* One text that is not given as ids; `scratch` has room for it. */
static kept encode_one(const edgernn_encoder *encoder, const uint8_t *bytes, size_t size,
                       edgernn_form form, uint8_t *scratch, int32_t *ids) {
    const bool has_classes = form == EDGERNN_NORMAL && encoder->subwords != NULL;
    uint8_t *text = scratch;
    size = has_classes ? size / 2 : size;
    const uint8_t *classes = has_classes ? bytes + size : text;
    if (form == EDGERNN_RAW) {
        size = normalize(&encoder->normal, bytes, size, text);
    } else if (size > 0) {
        __builtin_memcpy(text, bytes, size);
    }
    uint8_t *behind = text + size + BEHIND;
    behind += (ALIGNMENT - (uintptr_t)behind % ALIGNMENT) % ALIGNMENT;
    kept kept = encoder->subwords != NULL
                    ? encode_subwords(encoder, text, classes, size, (int32_t *)(void *)behind, ids)
                    : encode_words(encoder, text, size, (uint32_t *)(void *)behind, ids);
    kept.count = pad(&encoder->rules, ids, kept.count);
    return kept;
}

edgernn_status edgernn_encode(const edgernn_encoder *encoder, const edgernn_texts *texts,
                              void *scratch, size_t scratch_size) {
    size_t used = 0;
    texts->id_offsets[0] = 0;
    for (size_t at = 0; at < texts->count; at++) {
        const int64_t start = texts->offsets[at], end = texts->offsets[at + 1];
        const uint8_t form = texts->forms[at];
        if (start < 0 || end < start || end - start > INT32_MAX || form > EDGERNN_IDS) {
            return EDGERNN_BAD_CALL;
        }
        const size_t size = (size_t)(end - start);
        const uint8_t *bytes = texts->bytes + start;
        int32_t *ids = texts->ids + used;
        kept kept = {0};
        if (form == EDGERNN_IDS) {
            kept.count = size / sizeof *ids;
            if (size % sizeof *ids != 0 || kept.count > (size_t)encoder->rules.max_length ||
                kept.count > texts->room - used) {
                return EDGERNN_BAD_CALL;
            }
            if (size > 0) {
                __builtin_memcpy(ids, bytes, size);
            }
        } else {
            if (edgernn_encoder_scratch_size(encoder, size) > scratch_size ||
                most_of(encoder, size) > texts->room - used) {
                return EDGERNN_BAD_CALL;
            }
            kept = encode_one(encoder, bytes, size, (edgernn_form)form, scratch, ids);
        }
        texts->told[at] = kept.told;
        used += kept.count;
        texts->id_offsets[at + 1] = (int64_t)used;
    }
    return EDGERNN_OK;
}

edgernn_status edgernn_score_texts(const edgernn_model *model, const edgernn_encoder *encoder,
                                   const edgernn_texts *texts, float *probabilities, void *scratch,
                                   size_t scratch_size) {
    edgernn_status status = edgernn_encode(encoder, texts, scratch, scratch_size);
    const size_t outputs = (size_t)edgernn_outputs(model);
    const int64_t *offsets = texts->id_offsets;
    for (size_t first = 0, end; status == EDGERNN_OK && first < texts->count; first = end) {
        for (end = first; end < texts->count && offsets[end + 1] > offsets[end];) {
            end++;
        }
        status = edgernn_score(model, texts->ids, offsets + first, end - first,
                               probabilities + first * outputs, scratch, scratch_size);
        for (size_t at = 0; end < texts->count && at < outputs; at++) {
            probabilities[end * outputs + at] = 0;
        }
        end += end < texts->count;
    }
    return status;
}
