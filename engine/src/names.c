#include "names.h"

/*
 * FNV-1a. Names that were made to collide cost no more than a look at each other name, of which
 * there are few thousand.
 *
 * Source: http://www.isthe.com/chongo/tech/comp/fnv/
 */
static uint32_t hash(text name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.size; i++) {
        hash = (hash ^ name.at[i]) * 16777619u;
    }
    return hash;
}

bool start_names(reading *reading, names *names, size_t most) {
    size_t size = 16;
    while (size < 2 * most) {
        size *= 2;
    }
    names->most = most;
    names->mask = size - 1;
    names->names = scratch(reading, most + 1, sizeof *names->names);
    names->places = names->names == NULL ? NULL : scratch(reading, size, sizeof *names->places);
    return names->places != NULL;
}

/* The place of a name in the hash table, or the free one where it would stand. */
static size_t place_of(const names *names, text name) {
    size_t place = hash(name) & names->mask;
    while (names->places[place] != 0 && !same_text(names->names[names->places[place] - 1], name)) {
        place = (place + 1) & names->mask;
    }
    return place;
}

int32_t add_name(reading *reading, names *names, text name) {
    const size_t place = place_of(names, name);
    if (names->places[place] != 0) {
        refuse(reading, EDGERNN_BROKEN, "appears twice: tensor ", name, "");
        return -1;
    }
    if (names->count == names->most) {
        broken(reading, "more tensors than were counted");
        return -1;
    }
    names->names[names->count] = name;
    names->count += 1;
    names->places[place] = (int32_t)names->count;
    return names->places[place] - 1;
}

int32_t find_name(const names *names, text name) {
    return names->places[place_of(names, name)] - 1;
}
