/*
 * What compilers call although nobody wrote it, for targets that have no C library. Built with
 * -fno-builtin, or the loops would become calls of themselves.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);

/* May lie anywhere and alias anything. */
typedef uint64_t __attribute__((aligned(1), may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    unsigned char *out = to;
    const unsigned char *in = from;
    size_t at = 0;
    for (; at + sizeof(word) <= count; at += sizeof(word)) {
        *(word *)(out + at) = *(const word *)(in + at);
    }
    for (; at < count; at++) {
        out[at] = in[at];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    unsigned char *out = to;
    const unsigned char *in = from;
    if ((uintptr_t)out - (uintptr_t)in >= count) {
        return memcpy(to, from, count);
    }
    for (size_t at = count; at-- > 0;) {
        out[at] = in[at];
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    unsigned char *out = to;
    const word each = UINT64_C(0x0101010101010101) * (unsigned char)value;
    size_t at = 0;
    for (; at + sizeof(word) <= count; at += sizeof(word)) {
        *(word *)(out + at) = each;
    }
    for (; at < count; at++) {
        out[at] = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t count) {
    const unsigned char *one = a, *other = b;
    for (size_t at = 0; at < count; at++) {
        if (one[at] != other[at]) {
            return one[at] - other[at];
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    return length;
}
