/*
 * Functions of one number, on vectors, all made of one approximation of 2^x.
 */
#ifndef EDGERNN_FUNCTIONS_H
#define EDGERNN_FUNCTIONS_H

#include "network.h"
#include "vector.h"

#define LOG2_E 1.4426950408889634f

/* Of Klambauer et al., "Self-Normalizing Neural Networks", 2017. */
#define SELU_SCALE 1.0507009873554805f
#define SELU_ALPHA 1.6732632423543772f

/* Beyond 2^40 to one a sigmoid is 0 or 1 within 1e-12, and a product of three such powers is
 * still a float32: the cells divide by one. */
#define GATE_LIMIT 40.0f
#define WIDEST_LIMIT 126.0f

/*
 * 2^x, x at most `limit`. With n a whole number, 2^x = 2^n * 2^(x - n); the second factor is the
 * polynomial of degree 5 with the smallest largest relative error on an interval of length 1,
 * 7.5e-8, found by the exchange algorithm of Remez (1934); with float32's roundings at most 2.2e-7.
 * tests/engine/test_functions.py finds the polynomials anew and bounds both.
 */
ALWAYS_INLINE vec polynomial(const float factors[6], vec x) {
    vec sum = splat(factors[0]);
    for (int32_t at = 1; at < 6; at++) {
        sum = multiply_add(sum, x, splat(factors[at]));
    }
    return sum;
}

ALWAYS_INLINE vec power_of_two(vec x, float limit) {
#if defined(__AVX512DQ__)
    /* n is the whole number below x: an instruction gives x - n, and one multiplies by 2^n. */
    static const float factors[6] = {0x1.ec320ap-10f, 0x1.26900cp-7f, 0x1.c95446p-5f,
                                     0x1.ebd5a8p-3f,  0x1.62e4f6p-1f, 0x1.fffffep-1f};
    x = smaller(splat(limit), x);
    return _mm512_scalef_ps(polynomial(factors, _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF)), x);
#else
    /* n is the whole number next to x, which is at least -limit, too. */
    static const float factors[6] = {0x1.5c08e6p-10f, 0x1.3d0c52p-7f, 0x1.c6b6e4p-5f,
                                     0x1.ebf918p-3f,  0x1.62e428p-1f, 0x1.000002p+0f};
    x = smaller(splat(limit), larger(splat(-limit), x));
    /* In a float32 of this size the last bit counts ones: adding it rounds to a whole number. */
    const vec rounder = splat(0x1.8p23f);
    const vec rounded = x + rounder;
    /* n moves into the exponent. */
    return (vec)((uvec)polynomial(factors, x - (rounded - rounder)) + ((uvec)rounded << 23));
#endif
}

ALWAYS_INLINE vec exponential(vec x) {
    return power_of_two(x * splat(LOG2_E), WIDEST_LIMIT);
}

ALWAYS_INLINE vec sigmoid_of(vec x) {
    const vec one = splat(1.0f);
    return one / (one + power_of_two(x * splat(-LOG2_E), WIDEST_LIMIT));
}

ALWAYS_INLINE vec tanh_of(vec x) {
    const vec one = splat(1.0f), power = power_of_two(x * splat(-2 * LOG2_E), GATE_LIMIT);
    return (one - power) / (one + power);
}

ALWAYS_INLINE vec function_of(const function function, float slope, vec x) {
    const vec zero = splat(0.0f), one = splat(1.0f);
    switch (function) {
    case LINEAR: return x;
    case RELU: return larger(zero, x);
    case TANH: return tanh_of(x);
    case SIGMOID: return sigmoid_of(x);
    case LEAKY_RELU: return larger(zero, x) + splat(slope) * smaller(zero, x);
    case RELU6: return smaller(splat(6.0f), larger(zero, x));
    case ELU: return larger(zero, x) + (exponential(smaller(zero, x)) - one);
    case SELU:
        return splat(SELU_SCALE) *
               (larger(zero, x) + splat(SELU_ALPHA) * (exponential(smaller(zero, x)) - one));
    case SILU: return x * sigmoid_of(x);
    case SOFTSIGN: return x / (one + larger(x, -x));
    case HARD_SIGMOID:
        return smaller(one, larger(zero, multiply_add(x, splat(1.0f / 6), splat(0.5f))));
    }
    return x;
}

/* Apply a function to whole vectors of numbers. `slope`: of LEAKY_RELU, below zero. */
static void apply(function function, float slope, float *numbers, size_t count) {
    for (size_t at = 0; at < count; at += LANES) {
        store(numbers + at, function_of(function, slope, load(numbers + at)));
    }
}

#endif
