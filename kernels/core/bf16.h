#ifndef CB_BF16_H
#define CB_BF16_H

#include <stdint.h>
#include <string.h>

/* bf16: the upper half of a float. The arithmetic of x86's AVX512_BF16 (Intel SDM, VCVTNEPS2BF16 and VDPBF16PS), bit
 * for bit and on every machine: whatever MXCSR or FPCR say, denormal operands and results count as zeros of their sign.
 * Kernels have it as operations of vec/ (vec/bf16_*.h). */

/* Two bf16 read as one 32-bit element of a vector of floats: it may alias the uint16_t that memory holds. */
typedef float cb_bf16_pair __attribute__((may_alias));

static inline float cb_bf16_value(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The nearest bf16, ties to even; a denormal becomes a zero, a NaN stays one. */
static inline uint16_t cb_bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
    if (!(bits & 0x7f800000)) return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float cb_flush_denormal(float x)
{
    return x < 0x1p-126f && x > -0x1p-126f ? __builtin_copysignf(0, x) : x;
}

/* a*b + c rounded once, a and b bf16 values. A result below the normal range becomes a zero; whether it is below is
 * decided after rounding to 24 bits: fma rounds to fewer there, so the sum is taken again where that matters. a*b has
 * 16 bits: in double it is exact. */
static inline float cb_bf16_fma(float a, float b, float c)
{
    c = cb_flush_denormal(c);
    float r = __builtin_fmaf(cb_flush_denormal(a), cb_flush_denormal(b), c);
    if (__builtin_fabsf(r) == 0x1p-126f && __builtin_fabs((double)a * (double)b + (double)c) < 0x1p-126 - 0x1p-151)
        return __builtin_copysignf(0, r);
    return cb_flush_denormal(r);
}

/* acc + a1*b1 + a0*b0: the upper halves first, each product added with one rounding. */
static inline float cb_bf16_dot2(float a0, float a1, float b0, float b1, float acc)
{
    return cb_bf16_fma(a0, b0, cb_bf16_fma(a1, b1, acc));
}

#endif
