#ifndef CB_VEC_AVX2_H
#define CB_VEC_AVX2_H

/* The vocabulary for AVX2 + FMA: a 16-lane vector is two registers, used part by part. See vec/README.md. */
#include <immintrin.h>
#include <stddef.h>

#define VL 8
typedef __m256 vf;

/* clang-format off */
static inline vf v_zero(void) { return _mm256_setzero_ps(); }
static inline vf v_set1(float x) { return _mm256_set1_ps(x); }
static inline vf v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
/* p aligned to the register */
static inline void v_stream(float *p, vf x) { _mm256_stream_ps(p, x); }
static inline void v_stream_end(void) { _mm_sfence(); }
static inline vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf v_fma_set1(vf a, const float *b, vf c) { return v_fma(a, v_set1(*b), c); }
static inline vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
/* 0 > x ? 0 : x */
static inline vf v_relu(vf x) { return _mm256_max_ps(_mm256_setzero_ps(), x); }
/* test > 0 ? x : 0 */
static inline vf v_where_positive(vf test, vf x)
{
    return _mm256_and_ps(_mm256_cmp_ps(test, _mm256_setzero_ps(), _CMP_GT_OQ), x);
}
/* clang-format on */

/* The first n lanes, 1 to VL; nothing beside them is touched. Loaded, the others are 0. */
static inline vf v_load_part(const float *p, size_t n)
{
    static const int lanes[2 * VL] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(const void *)(lanes + VL - n)));
}
static inline void v_store_part(float *p, vf x, size_t n) /* masked stores are slow on AMD's CPUs */
{
    if (n == VL) {
        v_store(p, x);
        return;
    }
    __m128 left = _mm256_castps256_ps128(x);
    if (n & 4) {
        _mm_storeu_ps(p, left);
        left = _mm256_extractf128_ps(x, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, left);
        left = _mm_movehl_ps(left, left);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, left);
}

/* acc[0] += *x * w[0], acc[n] += *x * w[1]: the two parts of a pixel. Assembly, because gcc's multiply-adds of the
 * intrinsics overwrite the broadcast and copy the sums between registers. */
static inline __attribute__((always_inline)) void v_fma_pixel(const float *x, const vf *w, vf *acc, size_t n)
{
    vf v;
    __asm__("vbroadcastss %3, %2\n\tvfmadd231ps %2, %4, %0\n\tvfmadd231ps %2, %5, %1"
            : "+x"(acc[0]), "+x"(acc[n]), "=&x"(v)
            : "m"(*x), "x"(w[0]), "x"(w[1]));
}

/* What the kernels choose for this register file. */
#define CB_REGISTERS 16
/* Heights of a GEMM tile of CB_GEMM_NV vectors: all fit beside these vectors of B and a broadcast of A. */
#define CB_GEMM_NV 2
#define CB_GEMM_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define CB_WINOGRAD_ACCUMULATORS 12
#define CB_WINOGRAD_BLOCKS 1 /* channel blocks that a register tile spans where there are as many, 1 or 2 */
/* For benchmarks: why v_stream is no non-temporal store, or NULL. */
#define CB_NO_NT_STORES NULL

#endif
