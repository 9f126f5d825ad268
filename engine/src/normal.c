#include "normal.h"

/* How many bytes from a `<` on are a line break, `<[bB][rR] ?/?>`; 0: none. */
static size_t break_at(const uint8_t *text, size_t size) {
    size_t at = 3;
    if (size < 4 || (text[1] | 0x20) != 'b' || (text[2] | 0x20) != 'r') {
        return 0;
    }
    at += text[at] == ' ';
    at += at < size && text[at] == '/';
    return at < size && text[at] == '>' ? at + 1 : 0;
}

/* The bytes before a place where a break may be. */
static size_t until_break(const uint8_t *text, size_t size) {
    size_t at = 0;
    while (at < size && text[at] != '<') {
        at++;
    }
    return at;
}

static uint8_t *by_table(const normal *normal, const uint8_t *text, size_t size, uint8_t *to) {
    for (size_t at = 0; at < size; at++) {
        *to = normal->becomes[text[at]];
        to += normal->kept[text[at]];
    }
    return to;
}

size_t normalize(const normal *normal, const uint8_t *text, size_t size, uint8_t *to) {
    uint8_t *const first = to;
    if (!normal->breaks_are_spaces) {
        return (size_t)(by_table(normal, text, size, to) - first);
    }
    while (size > 0) {
        const size_t plain = until_break(text, size);
        to = by_table(normal, text, plain, to);
        text += plain;
        size -= plain;
        if (size > 0) {
            const uint8_t space = ' ';
            const size_t taken = break_at(text, size);
            to = by_table(normal, taken > 0 ? &space : text, 1, to);
            text += taken > 0 ? taken : 1;
            size -= taken > 0 ? taken : 1;
        }
    }
    return (size_t)(to - first);
}
