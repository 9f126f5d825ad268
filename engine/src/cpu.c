/*
 * What the processor and the operating system can do.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapters 13 to 15.
 */
#include "level.h"

#if defined(__x86_64__)

#include <cpuid.h>

enum {
    FMA = 1 << 12,
    OSXSAVE = 1 << 27,
    AVX = 1 << 28,         /* leaf 1, ecx */
    AVX2 = 1 << 5,
    AVX512F = 1 << 16,
    AVX512DQ = 1 << 17,    /* leaf 7, ebx */
    SAVES_YMM = 0x06,
    SAVES_ZMM = 0xE6       /* xcr0 */
};

static unsigned saved_by_system(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

edgernn_level best_level(void) {
    unsigned a, b, c, d;
    const unsigned first = FMA | OSXSAVE | AVX;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & first) != first) {
        return EDGERNN_LEVEL_PLAIN;
    }
    const unsigned saved = saved_by_system();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & AVX2) ||
        (saved & SAVES_YMM) != SAVES_YMM) {
        return EDGERNN_LEVEL_PLAIN;
    }
#if defined(EDGERNN_SMALL)
    return EDGERNN_LEVEL_AVX2;
#else
    const unsigned wide = AVX512F | AVX512DQ;
    const bool has_avx512 = (b & wide) == wide && (saved & SAVES_ZMM) == SAVES_ZMM;
    return has_avx512 ? EDGERNN_LEVEL_AVX512 : EDGERNN_LEVEL_AVX2;
#endif
}

#else

edgernn_level best_level(void) { return EDGERNN_LEVEL_PLAIN; }

#endif
