/*
 * A table from the names of a graph's tensors to their numbers.
 */
#ifndef EDGERNN_NAMES_H
#define EDGERNN_NAMES_H

#include "reading.h"

typedef struct names {
    text *names;     /* by number */
    int32_t *places; /* a hash table of numbers, from 1 on; 0: free */
    size_t count, most, mask;
} names;

/* Room for `most` names. */
bool start_names(reading *reading, names *names, size_t most);

/* The number of a new name, from 0 on; -1, with the reason said, if there is one already. */
int32_t add_name(reading *reading, names *names, text name);

/* The number of a name; -1 if there is none. */
int32_t find_name(const names *names, text name);

#endif
