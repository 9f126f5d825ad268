#include "tflite_flat.h"

enum { TABLE_WORK = 32 };

static bool charge(reading *reading, flat *flat, size_t amount) {
    if (amount > flat->work) {
        return broken(reading, "more structure than any model of this kind needs");
    }
    flat->work -= amount;
    return true;
}

/* `size` bytes, the lowest first; the file is refused where they are not all there. */
static uint64_t number_at(reading *reading, const flat *flat, size_t position, size_t size) {
    if (position > flat->file.size || size > flat->file.size - position) {
        broken(reading, "an offset points outside the file");
        return 0;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number |= (uint64_t)flat->file.at[position + i] << (8 * i);
    }
    return number;
}

static int64_t with_sign(uint64_t number, size_t size) {
    const unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(number << unused) >> unused;
}

static table table_at(reading *reading, flat *flat, size_t position) {
    table table = {.flat = flat};
    if (!charge(reading, flat, TABLE_WORK)) {
        return table;
    }
    const int64_t back = with_sign(number_at(reading, flat, position, 4), 4);
    const size_t list = position - (size_t)back; /* wraps round where it is before the file */
    const size_t list_size = number_at(reading, flat, list, 2);
    const size_t size = number_at(reading, flat, list + 2, 2);
    if (reading->status != EDGERNN_OK) {
        return table;
    }
    if (list_size < 4 || list_size % 2 != 0 || list_size > flat->file.size - list || size < 4 ||
        size > flat->file.size - position) {
        broken(reading, "a table is cut off");
        return table;
    }
    table.position = position;
    table.size = size;
    table.fields = list + 4;
    table.field_count = (list_size - 4) / 2;
    return table;
}

static size_t follow(reading *reading, const flat *flat, size_t position) {
    const size_t target = position + number_at(reading, flat, position, 4);
    if (target >= flat->file.size) {
        broken(reading, "an offset points outside the file");
        return 0;
    }
    return target;
}

table flat_root(reading *reading, flat *flat) {
    return table_at(reading, flat, follow(reading, flat, 0));
}

/* Where in its table a field of `size` bytes stands; 0: it is absent. */
static size_t place_of(reading *reading, const table *table, size_t field, size_t size) {
    if (field >= table->field_count) {
        return 0;
    }
    const size_t place = number_at(reading, table->flat, table->fields + 2 * field, 2);
    if (place != 0 && (place < 4 || place + size > table->size)) {
        broken(reading, "a field lies outside its table");
        return 0;
    }
    return place;
}

bool has_field(const table *table, size_t field) {
    const uint8_t *places = table->flat->file.at + table->fields;
    return field < table->field_count && (places[2 * field] | places[2 * field + 1]) != 0;
}

int64_t field_integer(reading *reading, const table *table, size_t field, size_t size,
                      int64_t otherwise) {
    const size_t place = place_of(reading, table, field, size);
    return place == 0
               ? otherwise
               : with_sign(number_at(reading, table->flat, table->position + place, size), size);
}

float field_float(reading *reading, const table *table, size_t field) {
    const uint32_t bits = (uint32_t)field_integer(reading, table, field, 4, 0);
    float number;
    __builtin_memcpy(&number, &bits, sizeof number);
    return number;
}

/* Where the offset in a field points; 0: the field is absent. */
static size_t target_of(reading *reading, const table *table, size_t field) {
    const size_t place = place_of(reading, table, field, 4);
    return place == 0 ? 0 : follow(reading, table->flat, table->position + place);
}

table field_table(reading *reading, const table *table, size_t field) {
    const size_t target = target_of(reading, table, field);
    return target == 0 ? (struct table){.flat = table->flat}
                       : table_at(reading, table->flat, target);
}

vector field_vector(reading *reading, const table *table, size_t field, size_t size) {
    const size_t target = target_of(reading, table, field);
    if (target == 0) {
        return (vector){0};
    }
    const size_t count = number_at(reading, table->flat, target, 4);
    if (reading->status != EDGERNN_OK || count > (table->flat->file.size - target - 4) / size) {
        broken(reading, "a vector is cut off");
        return (vector){0};
    }
    return (vector){target + 4, count};
}

text vector_bytes(const table *table, vector vector, size_t size) {
    return (text){table->flat->file.at + vector.start, vector.count * size};
}

/* Whether bytes are UTF-8, without surrogates and with no character in more bytes than it needs. */
static bool is_utf8(text bytes) {
    for (size_t at = 0; at < bytes.size;) {
        const uint8_t first = bytes.at[at++];
        const size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        uint32_t letter = more == 0 ? first : first & (0x3fu >> more);
        if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || more > bytes.size - at) {
            return false;
        }
        for (size_t i = 0; i < more; i++) {
            const uint8_t next = bytes.at[at++];
            if (next >> 6 != 2) {
                return false;
            }
            letter = letter << 6 | (next & 0x3f);
        }
        const uint32_t least = more < 2 ? 0 : more == 2 ? 0x800 : 0x10000;
        if (letter < least || letter > 0x10ffff || (letter >= 0xd800 && letter <= 0xdfff)) {
            return false;
        }
    }
    return true;
}

text field_text(reading *reading, const table *table, size_t field) {
    const vector vector = field_vector(reading, table, field, 1);
    if (!charge(reading, table->flat, vector.count)) {
        return (text){0};
    }
    const text found = vector_bytes(table, vector, 1);
    if (!is_utf8(found)) {
        broken(reading, "a string that is not UTF-8");
    }
    return found;
}

table vector_table(reading *reading, const table *table, vector vector, size_t at) {
    return table_at(reading, table->flat, follow(reading, table->flat, vector.start + 4 * at));
}

int32_t vector_integer(const table *table, vector vector, size_t at) {
    int32_t number;
    __builtin_memcpy(&number, table->flat->file.at + vector.start + 4 * at, sizeof number);
    return number;
}

bool has_more_than(reading *reading, const table *table, size_t count) {
    /* Many tables may share one long list of absent fields. */
    if (table->field_count <= count) {
        return false;
    }
    charge(reading, table->flat, 2 * (table->field_count - count));
    for (size_t field = count; field < table->field_count && reading->status == EDGERNN_OK;
         field++) {
        if (has_field(table, field)) {
            return true;
        }
    }
    return false;
}
