#include "reading.h"

enum { LONGEST_NAME = 60 };

/* Weights that a network may have, as numbers: twice what edgernn's own loader takes. */
static const size_t MOST_WEIGHTS = (size_t)1 << 26;

/* Numbers that are compared with zeros: many operators may share a large constant. */
static const size_t MOST_LOOKS = (size_t)1 << 26;

static void add(edgernn_error *error, size_t *at, uint8_t letter) {
    if (*at + 1 < sizeof error->message) {
        /* A name may hold anything, but a terminal gets none of it. */
        error->message[*at] = letter >= ' ' && letter <= '~' ? (char)letter : '?';
        *at += 1;
    }
}

static void add_text(edgernn_error *error, size_t *at, text words) {
    for (size_t i = 0; i < words.size; i++) {
        add(error, at, words.at[i]);
    }
}

bool refuse(reading *reading, edgernn_status status, const char *before, text name,
            const char *after) {
    if (reading->status != EDGERNN_OK) {
        return false;
    }
    reading->status = status;
    edgernn_error *error = reading->error;
    if (error == NULL) {
        return false;
    }
    size_t at = 0;
    add_text(error, &at, text_of(before));
    if (name.size > 0) {
        name.size = name.size < LONGEST_NAME ? name.size : LONGEST_NAME;
        add(error, &at, '\'');
        add_text(error, &at, name);
        add(error, &at, '\'');
    }
    add_text(error, &at, text_of(after));
    error->message[at] = 0;
    return false;
}

void *scratch(reading *reading, size_t count, size_t size) {
    void *memory = arena_take(&reading->scratch, count, size);
    if (memory == NULL) {
        refuse(reading, EDGERNN_NO_MEMORY, "no memory to read the model", (text){0}, "");
    }
    return memory;
}

bool may_look(reading *reading, size_t count) {
    if (count > MOST_LOOKS - reading->looked) {
        return unsupported(reading, "more numbers than any model of this kind needs");
    }
    reading->looked += count;
    return true;
}

float *weights_of(reading *reading, size_t count) {
    if (count > MOST_WEIGHTS - reading->decoded) {
        unsupported(reading, "more weights than are read");
        return NULL;
    }
    reading->decoded += count;
    float *memory = arena_take(reading->kept, count, sizeof(float));
    if (memory == NULL) {
        refuse(reading, EDGERNN_NO_MEMORY, "no memory for the weights", (text){0}, "");
    }
    return memory;
}
