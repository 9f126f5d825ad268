/*
 * Vectors of float32 as wide as the level has them, by the vector extensions of GCC and Clang.
 * Compile without contraction of a * b + c (-ffp-contract=off): only `multiply_add` fuses, so that
 * the same numbers are rounded alike wherever they are computed.
 */
#ifndef EDGERNN_VECTOR_H
#define EDGERNN_VECTOR_H

#include <stdint.h>

#if defined(__AVX512F__)
enum { LANES = 16, REGISTERS = 32 };
#elif defined(__AVX2__) && defined(__FMA__)
enum { LANES = 8, REGISTERS = 16 };
#elif defined(__aarch64__)
enum { LANES = 4, REGISTERS = 32 };
#else
enum { LANES = 4, REGISTERS = 16 };
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef uint32_t uvec __attribute__((vector_size(4 * LANES)));
typedef float unaligned_vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

ALWAYS_INLINE vec load(const float *from) { return *(const unaligned_vec *)from; }
ALWAYS_INLINE void store(float *to, vec value) { *(unaligned_vec *)to = value; }

/* `smaller` and `larger` give x where x is not a number: it stays visible in what comes out. */
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
ALWAYS_INLINE vec splat(float x) { return _mm512_set1_ps(x); }
ALWAYS_INLINE vec multiply_add(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
ALWAYS_INLINE vec larger(vec bound, vec x) { return _mm512_max_ps(bound, x); }
ALWAYS_INLINE vec smaller(vec bound, vec x) { return _mm512_min_ps(bound, x); }
#elif defined(__AVX2__) && defined(__FMA__)
ALWAYS_INLINE vec splat(float x) { return _mm256_set1_ps(x); }
ALWAYS_INLINE vec multiply_add(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
ALWAYS_INLINE vec larger(vec bound, vec x) { return _mm256_max_ps(bound, x); }
ALWAYS_INLINE vec smaller(vec bound, vec x) { return _mm256_min_ps(bound, x); }
#else
ALWAYS_INLINE vec splat(float x) { return (vec){x, x, x, x}; }
#if defined(__aarch64__)
#include <arm_neon.h>
ALWAYS_INLINE vec multiply_add(vec a, vec b, vec c) {
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
#else
ALWAYS_INLINE vec multiply_add(vec a, vec b, vec c) { return a * b + c; }
#endif
#if defined(__SSE2__)
ALWAYS_INLINE vec larger(vec bound, vec x) { return _mm_max_ps(bound, x); }
ALWAYS_INLINE vec smaller(vec bound, vec x) { return _mm_min_ps(bound, x); }
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
ALWAYS_INLINE vec larger(vec bound, vec x) { return (vec)wasm_f32x4_pmax((v128_t)x, (v128_t)bound); }
ALWAYS_INLINE vec smaller(vec bound, vec x) { return (vec)wasm_f32x4_pmin((v128_t)x, (v128_t)bound); }
#else
ALWAYS_INLINE vec chosen(ivec first, vec a, vec b) {
    return (vec)(((ivec)a & first) | ((ivec)b & ~first));
}
ALWAYS_INLINE vec larger(vec bound, vec x) { return chosen(bound > x, bound, x); }
ALWAYS_INLINE vec smaller(vec bound, vec x) { return chosen(bound < x, bound, x); }
#endif
#endif

/*
 * a / b of a positive b far from the limits of float32. With AVX-512 a division of a vector takes as
 * long as sixteen products: there it is an estimate of 1 / b, 2^-14 off, after one step of Newton's
 * method, 2^-28 and the roundings of float32 off. Others have a true one.
 * Source: Intel 64 and IA-32 Architectures Optimization Reference Manual, "Reciprocal".
 */
ALWAYS_INLINE vec quotient(vec a, vec b) {
#if defined(__AVX512F__)
    const vec estimate = _mm512_rcp14_ps(b);
    return a * multiply_add(estimate, _mm512_fnmadd_ps(b, estimate, splat(1)), estimate);
#else
    return a / b;
#endif
}

/* How many vectors hold so many numbers. */
ALWAYS_INLINE int32_t vectors_for(int32_t numbers) { return (numbers + LANES - 1) / LANES; }

#endif
