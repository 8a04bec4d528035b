#ifndef CB_VEC_AVX512_H
#define CB_VEC_AVX512_H

/* The vocabulary for AVX-512 (F, BW, DQ, VL): a 16-lane vector is one register. See vec/README.md. */
#include <immintrin.h>
#include <stddef.h>

#define VL 16
typedef __m512 vf;

/* clang-format off */
static inline vf v_zero(void) { return _mm512_setzero_ps(); }
static inline vf v_set1(float x) { return _mm512_set1_ps(x); }
static inline vf v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
/* p aligned to the register */
static inline void v_stream(float *p, vf x) { _mm512_stream_ps(p, x); }
static inline void v_stream_end(void) { _mm_sfence(); }
static inline vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
/* 0 > x ? 0 : x */
static inline vf v_relu(vf x) { return _mm512_max_ps(_mm512_setzero_ps(), x); }
/* test > 0 ? x : 0 */
static inline vf v_where_positive(vf test, vf x)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(test, _mm512_setzero_ps(), _CMP_GT_OQ), x);
}
/* clang-format on */

/* The first n lanes, 1 to VL; nothing beside them is touched. Loaded, the others are 0. */
static inline vf v_load_part(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
static inline void v_store_part(float *p, vf x, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x);
}

/* Embedded broadcast: an instruction of its own would take an arithmetic pipe on Zen 4. */
static inline vf v_fma_set1(vf a, const float *b, vf c)
{
    __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(c) : "v"(a), "m"(*b));
    return c;
}

/* What the kernels choose for this register file. */
#define CB_REGISTERS 32
/* Heights of a GEMM tile of CB_GEMM_NV vectors: all fit beside these vectors of B and a broadcast of A. */
#define CB_GEMM_NV 2
#define CB_GEMM_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
/* Of a tile of one vector, beyond those: they need no register for the broadcast: it is embedded in the
 * multiply-add. */
#define CB_GEMM_TALL_HEIGHTS(X) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28)
#define CB_WINOGRAD_ACCUMULATORS 16
#define CB_WINOGRAD_BLOCKS 2 /* channel blocks that a register tile spans where there are as many, 1 or 2 */
/* For benchmarks: why v_stream is no non-temporal store, or NULL. */
#define CB_NO_NT_STORES NULL

#endif
