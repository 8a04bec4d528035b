#ifndef CB_VEC_BF16_NATIVE_H
#define CB_VEC_BF16_NATIVE_H

/* The words of bf16 for AVX-512 with AVX512_BF16, after vec_avx512.h; core/bf16.h is their definition. */
#include <stdint.h>

#undef CB_ISA_SUFFIX
#define CB_ISA_SUFFIX avx512bf16

static inline vf v_load_bf16(const uint16_t *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i_u *)p)), 16));
}
static inline vf v_round_bf16(vf x)
{
    __m256i half = (__m256i)_mm512_cvtneps_pbh(x);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}
static inline void v_store_bf16(uint16_t *p, vf x)
{
    _mm256_storeu_si256((__m256i_u *)p, (__m256i)_mm512_cvtneps_pbh(x));
}
static inline void v_stream_bf16(uint16_t *p, vf x)
{
    _mm256_stream_si256((__m256i *)(void *)p, (__m256i)_mm512_cvtneps_pbh(x));
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

#endif
