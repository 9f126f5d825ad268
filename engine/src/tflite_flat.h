/*
 * The FlatBuffers binary format: tables, scalars and vectors.
 *
 * A flatbuffer has no lengths of its own and its offsets may point anywhere, also many times at the
 * same place. So each access is checked against the end of the file, and all together are charged
 * against an allowance: a small file cannot ask for endless work.
 *
 * Source: https://flatbuffers.dev/internals/
 */
#ifndef EDGERNN_TFLITE_FLAT_H
#define EDGERNN_TFLITE_FLAT_H

#include "reading.h"

typedef struct flat {
    text file;
    size_t work; /* bytes of structure that may still be read */
} flat;

/* Fields are named by their place in the schema, counted from 0. */
typedef struct table {
    flat *flat;
    size_t position, size;
    size_t fields, field_count; /* where the places of the fields stand, and how many they are */
} table;

/* Elements of a vector, in the file. */
typedef struct vector {
    size_t start, count;
} vector;

/* All that follows gives zeros where the file is refused, which `reading` knows. */

table flat_root(reading *reading, flat *flat);

/* An integer of 1, 2, 4 or 8 bytes with its sign; `otherwise` where the field is absent. */
int64_t field_integer(reading *reading, const table *table, size_t field, size_t size,
                      int64_t otherwise);
bool has_field(const table *table, size_t field);
float field_float(reading *reading, const table *table, size_t field);
table field_table(reading *reading, const table *table, size_t field);
vector field_vector(reading *reading, const table *table, size_t field, size_t size);

/* A vector's bytes. */
text vector_bytes(const table *table, vector vector, size_t size);

/* Element `at` of a vector of tables, and of int32. */
table vector_table(reading *reading, const table *table, vector vector, size_t at);
int32_t vector_integer(const table *table, vector vector, size_t at);

/* A string; the file is refused where it is not UTF-8. */
text field_text(reading *reading, const table *table, size_t field);

/* Whether a table has a field beside the first `count`. */
bool has_more_than(reading *reading, const table *table, size_t count);

#endif
