/*
 * Rows of a table as they are looked up, and what turns those stored smaller into vectors.
 */
#include "state.h"

stored *copy_stored(reading *reading, const stored *from) {
    stored *copy = scratch(reading, 1, sizeof *copy);
    if (copy != NULL) {
        *copy = *from;
        copy->values = NULL;
    }
    return copy;
}

const state *looked_up(reading *reading, stored *table) {
    const bool is_small = table->type == ELEMENT_FLOAT16 || table->type == ELEMENT_INT8 ||
                          table->type == ELEMENT_INT16;
    if (table->rank != 2 || (!table->is_decoded && !is_small)) {
        return NULL;
    }
    state *state = scratch(reading, 1, sizeof *state);
    if (state == NULL) {
        return NULL;
    }
    state->made = table->is_decoded ? MADE_EMBEDDING : MADE_ROWS;
    state->rank = 3;
    __builtin_memcpy(state->axes, STEPS_OF_TEXTS, sizeof STEPS_OF_TEXTS);
    state->features = table->dims[1];
    state->first = table;
    state->layer.kind = LAYER_EMBEDDING;
    state->layer.embedding = (embedding){.ids = table->dims[0], .units = table->dims[1]};
    return state;
}

/* The same rows of a table that is decoded further. */
static state *rows_of(reading *reading, const state *rows, made made) {
    state *state = copy_state(reading, rows);
    stored *table = state == NULL ? NULL : copy_stored(reading, rows->first);
    if (table == NULL) {
        return NULL;
    }
    state->first = table;
    state->made = made;
    return state;
}

const state *rows_as_halves(reading *reading, const state *rows) {
    if (rows->made != MADE_ROWS || rows->first->is_decoded || rows->first->type != ELEMENT_INT16) {
        return NULL;
    }
    state *state = rows_of(reading, rows, MADE_ROWS);
    if (state != NULL) {
        state->first->type = ELEMENT_FLOAT16;
    }
    return state;
}

const state *rows_as_floats(reading *reading, const state *rows) {
    if (rows->made != MADE_ROWS || rows->first->is_decoded || rows->first->type == ELEMENT_INT16) {
        return NULL;
    }
    const bool is_whole = rows->first->type == ELEMENT_FLOAT16;
    state *state = rows_of(reading, rows, is_whole ? MADE_EMBEDDING : MADE_ROWS);
    if (state != NULL) {
        state->first->is_decoded = true;
    }
    return state;
}

/* int8 rows as float32 that no scale has multiplied yet. */
static bool are_unscaled(const state *rows) {
    return rows->made == MADE_ROWS && rows->first->is_decoded;
}

static const state *scaled(reading *reading, const state *rows, stored *scales, size_t inner,
                           float step) {
    state *state = rows_of(reading, rows, MADE_EMBEDDING);
    if (state != NULL) {
        state->first->scales = scales;
        state->first->inner = inner;
        state->first->step = step;
    }
    return state;
}

const state *rows_times_constant(reading *reading, const state *rows, stored *scales) {
    if (!are_unscaled(rows) || scales->type != ELEMENT_FLOAT32 || scales->rank > 1 ||
        scales->count != (size_t)rows->features) {
        return NULL;
    }
    return scaled(reading, rows, scales, 1, 1);
}

const state *rows_times_scales(reading *reading, const state *rows, const state *sizes) {
    if (!are_unscaled(rows) || sizes->made != MADE_EMBEDDING || sizes->features != 1) {
        return NULL;
    }
    stored *table = sizes->first;
    if (table->type != ELEMENT_INT8 || table->scales == NULL || table->scales->count != 1 ||
        table->scales->type != ELEMENT_FLOAT32 || table->dims[0] != rows->first->dims[0]) {
        return NULL;
    }
    return scaled(reading, rows, table, (size_t)rows->features, stored_float(table->scales, 0));
}
