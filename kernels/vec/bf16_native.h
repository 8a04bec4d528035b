#ifndef CB_VEC_BF16_NATIVE_H
#define CB_VEC_BF16_NATIVE_H

/* bf16 for AVX-512 with AVX512_BF16, as core/bf16.h defines it; after vec_avx512.h. */
#include <stdint.h>

#include "core/bf16.h"

#define CB_BF16_NATIVE

/* The lower or upper 16 of 32 bf16, widened: one permutation instead of an extension and a shift. */
static inline vf v_widen_lower_(__m512i bf16)
{
    const __m512i order = _mm512_set_epi16(15, 0, 14, 0, 13, 0, 12, 0, 11, 0, 10, 0, 9, 0, 8, 0, 7, 0, 6, 0, 5, 0, 4, 0,
                                           3, 0, 2, 0, 1, 0, 0, 0);
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, order, bf16));
}
static inline vf v_widen_upper_(__m512i bf16)
{
    const __m512i order = _mm512_set_epi16(31, 0, 30, 0, 29, 0, 28, 0, 27, 0, 26, 0, 25, 0, 24, 0, 23, 0, 22, 0, 21, 0,
                                           20, 0, 19, 0, 18, 0, 17, 0, 16, 0);
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, order, bf16));
}
static inline vf v_load_bf16(const uint16_t *p)
{
    return v_widen_lower_(_mm512_castsi256_si512(_mm256_loadu_si256((const __m256i_u *)p)));
}
static inline vf v_round_bf16(vf x)
{
    return v_widen_lower_(_mm512_castsi256_si512((__m256i)_mm512_cvtneps_pbh(x)));
}
static inline void v_store_bf16(uint16_t *p, vf x)
{
    _mm256_storeu_si256((__m256i_u *)p, (__m256i)_mm512_cvtneps_pbh(x));
}
static inline void v_stream_bf16(uint16_t *p, vf x)
{
    _mm256_stream_si256((__m256i *)(void *)p, (__m256i)_mm512_cvtneps_pbh(x));
}
static inline __m512i v_pixels_(const vf *x)
{
    return (__m512i)_mm512_cvtne2ps_pbh(x[1], x[0]);
}
static inline void v_round_bf16_pixels(vf *x)
{
    __m512i bf16 = v_pixels_(x);
    x[0] = v_widen_lower_(bf16);
    x[1] = v_widen_upper_(bf16);
}
static inline void v_store_bf16_pixels(uint16_t *p, const vf *x)
{
    _mm512_storeu_si512(p, v_pixels_(x));
}
/* p: 64-byte aligned, as every second pixel of a tensor is */
static inline void v_stream_bf16_pixels(uint16_t *p, const vf *x)
{
    _mm512_stream_si512((__m512i *)(void *)p, v_pixels_(x));
}
static inline vf v_interleave_(__m512i low_then_high)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                           21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, low_then_high));
}
static inline vf v_pair(vf low, vf high)
{
    return v_interleave_((__m512i)_mm512_cvtne2ps_pbh(high, low));
}
static inline vf v_pair_bf16(const uint16_t *low, const uint16_t *high)
{
    __m512i both = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i_u *)low));
    return v_interleave_(_mm512_inserti64x4(both, _mm256_loadu_si256((const __m256i_u *)high), 1));
}
static inline vf v_pair_line_bf16(const uint16_t *both)
{
    return v_interleave_(_mm512_loadu_si512(both));
}
/* pairs[0]: of the first VL of both rows; pairs[1]: of the next VL. */
static inline void v_pairs_bf16(const uint16_t *low, const uint16_t *high, vf *pairs)
{
    const __m512i first = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6,
                                           37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
    const __m512i next = _mm512_add_epi16(first, _mm512_set1_epi16(VL));
    __m512i a = _mm512_loadu_si512(low), b = _mm512_loadu_si512(high);
    pairs[0] = _mm512_castsi512_ps(_mm512_permutex2var_epi16(a, first, b));
    pairs[1] = _mm512_castsi512_ps(_mm512_permutex2var_epi16(a, next, b));
}
static inline unsigned v_dot2_begin(void)
{
    return 0;
}
static inline void v_dot2_end(unsigned mode)
{
    (void)mode;
}
static inline vf v_dot2(vf a, vf b, vf acc)
{
    return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b);
}
/* Embedded broadcast, which gcc 12 never makes of intrinsics. */
static inline vf v_dot2_set1(vf a, const cb_bf16_pair *b, vf acc)
{
    __asm__("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(acc) : "v"(a), "m"(*b));
    return acc;
}

#endif
