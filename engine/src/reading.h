/*
 * What every part of a reader has at hand while a file is read: memory, and a place for the reason
 * why the file is refused. Functions that can fail return NULL or false once they have said why.
 */
#ifndef EDGERNN_READING_H
#define EDGERNN_READING_H

#include "arena.h"
#include "text.h"

typedef struct reading {
    arena *kept;   /* for the network's weights */
    arena scratch; /* for all else; released when the file is read */
    edgernn_error *error;
    edgernn_status status;
    size_t decoded; /* numbers that have been taken for weights so far */
    size_t looked;  /* and that have been looked at beside those */
} reading;

/*
 * Refuse the file: `before`, the name in quotes and `after` make the line that people read. An
 * empty name leaves out the quotes. The first reason stays.
 */
bool refuse(reading *reading, edgernn_status status, const char *before, text name,
            const char *after);

static inline bool broken(reading *reading, const char *what) {
    return refuse(reading, EDGERNN_BROKEN, what, (text){0}, "");
}

static inline bool unsupported(reading *reading, const char *what) {
    return refuse(reading, EDGERNN_UNSUPPORTED, what, (text){0}, "");
}

/* Zeroed scratch memory; NULL, with the reason said, if there is none. */
void *scratch(reading *reading, size_t count, size_t size);

/* Whether so many numbers may be looked at; the file is refused where all looks are too many. */
bool may_look(reading *reading, size_t count);

/* Memory for weights, of which there is a bound; as `scratch`. */
float *weights_of(reading *reading, size_t count);

#endif
