#ifndef CB_VEC_NEON_H
#define CB_VEC_NEON_H

/* The vocabulary for AArch64 NEON: a 16-lane vector is four registers, used part by part. See vec/README.md. */
#include <arm_neon.h>
#include <stddef.h>

#define VL 4
typedef float32x4_t vf;

/* clang-format off */
static inline vf v_zero(void) { return vdupq_n_f32(0.0f); }
static inline vf v_set1(float x) { return vdupq_n_f32(x); }
static inline vf v_load(const float *p) { return vld1q_f32(p); }
static inline void v_store(float *p, vf x) { vst1q_f32(p, x); }
/* NEON has no intrinsic for non-temporal stores. */
static inline void v_stream(float *p, vf x) { vst1q_f32(p, x); }
static inline void v_stream_end(void) {}
static inline vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf v_fma_set1(vf a, const float *b, vf c) { return v_fma(a, v_set1(*b), c); }
static inline vf v_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
/* 0 > x ? 0 : x; not vmaxq, which differs for -0 */
static inline vf v_relu(vf x) { return vbslq_f32(vcgtq_f32(v_zero(), x), v_zero(), x); }
/* test > 0 ? x : 0 */
static inline vf v_where_positive(vf test, vf x)
{
    return vreinterpretq_f32_u32(vandq_u32(vcgtq_f32(test, v_zero()), vreinterpretq_u32_f32(x)));
}
/* clang-format on */

/* The first n lanes, 1 to VL; nothing beside them is touched. Loaded, the others are 0. */
static inline vf v_load_part(const float *p, size_t n)
{
    if (n == VL) return v_load(p);
    vf x = n & 2 ? vcombine_f32(vld1_f32(p), vdup_n_f32(0.0f)) : v_zero();
    return n == 3 ? vld1q_lane_f32(p + 2, x, 2) : n == 1 ? vld1q_lane_f32(p, x, 0) : x;
}
static inline void v_store_part(float *p, vf x, size_t n)
{
    if (n == VL)
        v_store(p, x);
    else if (n & 2)
        vst1_f32(p, vget_low_f32(x));
    if (n == 3) vst1q_lane_f32(p + 2, x, 2);
    if (n == 1) vst1q_lane_f32(p, x, 0);
}

/* What the kernels choose for this register file. */
#define CB_REGISTERS 32
/* Heights of a GEMM tile of CB_GEMM_NV vectors: all fit beside these vectors of B and a broadcast of A. */
#define CB_GEMM_NV 3
#define CB_GEMM_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define CB_WINOGRAD_ACCUMULATORS 24
#define CB_WINOGRAD_BLOCKS 1 /* channel blocks that a register tile spans where there are as many, 1 or 2 */
/* For benchmarks: why v_stream is no non-temporal store, or NULL. */
#define CB_NO_NT_STORES "NEON's stnp is only a hint, and our kernels do not use it"

#endif
